package dev.banger.image.oci;

import dev.banger.image.layer.LayerException;
import dev.banger.model.ByteSize;

/**
 * What a layer may grow to when it is decompressed. Zeros compress a thousandfold and more, so the
 * ratio is asked for only where a file of zeros is no excuse any more.
 *
 * @param most of any layer
 * @param unquestioned up to here at any ratio
 * @param ratio beyond that, of plain to compressed bytes
 */
public record LayerLimits(ByteSize most, ByteSize unquestioned, int ratio) {
  public static final LayerLimits USUAL = new LayerLimits(ByteSize.gib(128), ByteSize.gib(4), 200);

  void check(long plain, long compressed) throws LayerException {
    if (plain > most.bytes()) {
      throw new LayerException("it holds more than " + most + ", which no layer may");
    }
    if (plain > unquestioned.bytes() && plain / ratio > compressed) {
      throw new LayerException(
          "its content is more than " + ratio + " times as large as the layer: a bomb");
    }
  }
}
