package dev.banger.image.oci;

import java.io.IOException;

/** Something that came from outside is not what it should be; asking again would not help. */
final class MalformedException extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedException(String message) {
    super(message);
  }
}
