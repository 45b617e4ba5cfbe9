package dev.banger.image.layer;

import java.io.IOException;

/** A layer says something that cannot be done, or should not; or it is not what it should be. */
public final class LayerException extends IOException {
  private static final long serialVersionUID = 1L;

  public LayerException(String message) {
    super(message);
  }

  public LayerException(String message, IOException cause) {
    super(message, cause);
  }
}
