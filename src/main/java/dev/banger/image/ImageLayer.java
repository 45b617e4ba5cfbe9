package dev.banger.image;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;

/**
 * A layer that an image was made of.
 *
 * @param digest as it is stored
 * @param size as it is stored
 */
public record ImageLayer(String digest, ByteSize size) {
  static ImageLayer parse(String text) throws BangerException {
    int space = text.indexOf(' ');
    try {
      return new ImageLayer(
          text.substring(0, space), new ByteSize(Long.parseLong(text.substring(space + 1))));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new BangerException(
          ErrorCode.CORRUPT,
          "'" + text + "' is no layer of an image",
          "delete the image's directory and pull again",
          e);
    }
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return digest + " " + size.bytes();
  }
}
