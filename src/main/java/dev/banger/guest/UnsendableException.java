package dev.banger.guest;

/** A value that the protocol cannot carry: too long, too many, a NUL inside. */
final class UnsendableException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  UnsendableException(String message) {
    super(message);
  }
}
