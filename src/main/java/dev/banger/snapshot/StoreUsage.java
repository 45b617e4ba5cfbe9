package dev.banger.snapshot;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How full a store is, as the device mapper says.
 *
 * @param used what is taken, never less than before
 * @param total what there is, already given by the host's disk
 */
public record StoreUsage(State state, ByteSize used, ByteSize total) {
  /** What the snapshot is worth. */
  public enum State {
    WHOLE,
    /** It was full when more was to be written: the guest is held up until there is room. */
    OVERFLOWN,
    /** Its store could not be written or read: it is lost. */
    INVALID,
    /** It is being read anew. */
    AWAY
  }

  /** {@code used/total metadata}, in sectors. */
  private static final Pattern FIGURES = Pattern.compile("(\\d{1,18})/(\\d{1,18})(?: \\d+)?");

  private static final ByteSize NONE = new ByteSize(0);

  /** Of the line that the target {@code snapshot} says of itself. */
  static StoreUsage parse(String status) throws BangerException {
    Matcher figures = FIGURES.matcher(status.strip());
    if (figures.matches()) {
      return new StoreUsage(
          State.WHOLE,
          Tables.bytes(Long.parseLong(figures.group(1))),
          Tables.bytes(Long.parseLong(figures.group(2))));
    }
    return switch (status.strip()) {
      case "Overflow" -> new StoreUsage(State.OVERFLOWN, NONE, NONE);
      case "Invalid" -> new StoreUsage(State.INVALID, NONE, NONE);
      default ->
          throw new BangerException(
              ErrorCode.HOST_UNSUPPORTED,
              "the device mapper says of a snapshot '" + status.strip() + "', which is not known",
              "`dmsetup status` shows it; `dmesg | tail` may tell why");
    };
  }

  public ByteSize free() {
    return new ByteSize(Math.max(0, total.bytes() - used.bytes()));
  }
}
