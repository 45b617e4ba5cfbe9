package dev.banger.image.layer;

import java.io.IOException;

/** A layer says something that cannot be done, or should not. */
final class LayerException extends IOException {
  private static final long serialVersionUID = 1L;

  LayerException(String message) {
    super(message);
  }
}
