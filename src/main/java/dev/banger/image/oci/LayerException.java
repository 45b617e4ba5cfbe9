package dev.banger.image.oci;

import java.io.IOException;

/** The content of a layer is wrong: cut off, not what its digest says, or larger than allowed. */
public final class LayerException extends dev.banger.image.layer.LayerException {
  private static final long serialVersionUID = 1L;

  LayerException(String message) {
    super(message);
  }

  LayerException(String message, IOException cause) {
    super(message, cause);
  }
}
