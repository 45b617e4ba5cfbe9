package dev.banger.guest;

import java.io.IOException;

/** The agent sent what the protocol does not allow. */
final class MalformedException extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedException(String message) {
    super(message);
  }
}
