package dev.banger.image.oci;

import dev.banger.image.layer.Layer;
import dev.banger.image.layer.LayerException;
import dev.banger.model.ByteSize;
import java.io.IOException;
import java.io.InputStream;

/** One layer of an image: a tar stream of what it changes in those below it. */
public final class OciLayer implements Layer {
  /** Opens the layer as it is stored. */
  interface Stored {
    InputStream open() throws IOException;
  }

  private final Descriptor blob;
  private final Digest diffId;
  private final boolean verified;
  private final Stored stored;
  private final LayerLimits limits;
  private final Runnable whenWrong;

  /**
   * @param verified whether what is stored is known to be what its digest says
   * @param whenWrong called when the content turns out wrong
   */
  OciLayer(
      Descriptor blob,
      Digest diffId,
      boolean verified,
      Stored stored,
      LayerLimits limits,
      Runnable whenWrong) {
    this.blob = blob;
    this.diffId = diffId;
    this.verified = verified;
    this.stored = stored;
    this.limits = limits;
    this.whenWrong = whenWrong;
  }

  /** Of the layer as it is stored, compressed or not. */
  public Digest digest() {
    return blob.digest();
  }

  /** Of the plain tar stream. */
  public Digest diffId() {
    return diffId;
  }

  /** As it is stored. */
  public ByteSize size() {
    return new ByteSize(blob.size());
  }

  /** As the manifest says it; how it is really compressed its content says. */
  public String mediaType() {
    return blob.mediaType();
  }

  /**
   * The plain tar stream, from its beginning, as often as it is wanted. Only who reads to its end
   * (-1) knows that it is the layer: a wrong, cut off or exploding one throws {@link
   * LayerException} there or before, and trouble of the host another IOException.
   */
  @Override
  public InputStream open() throws IOException {
    return new LayerStream(stored.open(), verified, this, limits, whenWrong);
  }

  @Override
  public String name() {
    return "layer " + digest();
  }

  @Override
  public String toString() {
    return name();
  }
}
