package dev.banger.image.layer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.Map;
import java.util.SequencedMap;

/** A layer of a few directories that belong to root. */
public final class DirectoriesLayer implements Layer {
  private final byte[] archive;

  /**
   * @param modes by the path, as {@code ./etc/}, of less than 100 bytes; parents first
   * @param seconds when they were made, since 1970
   */
  public DirectoriesLayer(SequencedMap<String, Integer> modes, long seconds) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Map.Entry<String, Integer> directory : modes.entrySet()) {
      out.writeBytes(
          UstarHeader.of(directory.getKey(), '5', directory.getValue(), 0, Math.max(0, seconds)));
    }
    out.writeBytes(new byte[2 * UstarHeader.RECORD]);
    archive = out.toByteArray();
  }

  @Override
  public String name() {
    return "directories";
  }

  @Override
  public InputStream open() {
    return new ByteArrayInputStream(archive);
  }
}
