package dev.banger.vm;

/**
 * One thing that was tried from inside a guest.
 *
 * @param target as people write it
 * @param allowed whether the packet filter has to let it pass
 * @param needed what is allowed must be there, too
 * @param note what else is to be said; may be empty
 */
public record Probe(
    String target, boolean allowed, boolean needed, Found found, long micros, String note) {
  /** What came of it. */
  public enum Found {
    /** Somebody took the connection, or answered. */
    OPEN,
    /** The target itself said that nobody listens there: packets pass. */
    CLOSED,
    /** It was rejected on the way. */
    REFUSED,
    /** There is no way there, but nobody forbade it. */
    UNREACHABLE,
    /** Nobody said anything. */
    SILENT,
    /** The name has no address, or the VM may not ask for it. */
    NO_NAME,
    /** It was not tried; {@code note} says why. */
    NOT_TRIED;

    boolean isReached() {
      return this == OPEN || this == CLOSED;
    }
  }

  /** Whether it is as the rules say. */
  public boolean isAsExpected() {
    if (found == Found.NOT_TRIED) {
      return true;
    }
    if (!allowed) {
      return !found.isReached();
    }
    return needed ? found.isReached() : found != Found.REFUSED;
  }

  Probe as(Found other) {
    return new Probe(target, allowed, needed, other, micros, note);
  }
}
