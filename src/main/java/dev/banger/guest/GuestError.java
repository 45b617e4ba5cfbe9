package dev.banger.guest;

import dev.banger.model.ErrorCode;
import java.io.IOException;

/**
 * What the agent answered instead of OK. It is the cause of the BangerException that leaves the
 * room, for who must know the errno.
 */
public final class GuestError extends IOException {
  private static final long serialVersionUID = 1L;

  private static final int EPERM = 1;
  private static final int ENOENT = 2;
  private static final int EAGAIN = 11;
  private static final int ENOMEM = 12;
  private static final int EACCES = 13;
  private static final int EBUSY = 16;
  private static final int EEXIST = 17;
  private static final int ENOTDIR = 20;
  private static final int EISDIR = 21;
  private static final int EINVAL = 22;
  private static final int ENFILE = 23;
  private static final int EMFILE = 24;
  private static final int ENOSPC = 28;
  private static final int ENAMETOOLONG = 36;
  private static final int ELOOP = 40;
  private static final int EADDRINUSE = 98;
  private static final int EADDRNOTAVAIL = 99;
  private static final int ENETUNREACH = 101;
  private static final int ETIMEDOUT = 110;
  private static final int ECONNREFUSED = 111;
  private static final int EHOSTUNREACH = 113;
  private static final int EDQUOT = 122;

  private static final int MALFORMED = 2;
  private static final int STATE = 5;
  private static final int SYSTEM = 6;

  private final int code;
  private final int errno;

  GuestError(int code, int errno, String message) {
    super(message);
    this.code = code;
    this.errno = errno;
  }

  /** A system call failed in the guest, {@link #errno} says why. */
  public boolean isSystem() {
    return code == SYSTEM;
  }

  /** A connection was refused, or the guest has no such address: another one may do. */
  public boolean saysNobodyIsThere() {
    return code == SYSTEM
        && (errno == ECONNREFUSED || errno == EADDRNOTAVAIL || errno == ENETUNREACH);
  }

  /** It would be answered later, or would have been earlier. */
  boolean saysTooEarly() {
    return code == STATE;
  }

  /** What was sent makes no sense. */
  boolean isMalformed() {
    return code == MALFORMED;
  }

  /** The guest's errno; 0 when no system call failed. */
  public int errno() {
    return errno;
  }

  /** The kind of failure in banger's words. */
  public ErrorCode errorCode() {
    return switch (code) {
      case 1 -> ErrorCode.VERSION_MISMATCH;
      case MALFORMED -> ErrorCode.INTERNAL;
      case 3 -> ErrorCode.NO_SPACE;
      case 4 -> ErrorCode.NOT_FOUND;
      case STATE -> ErrorCode.WRONG_STATE;
      case SYSTEM -> ofErrno(errno);
      case 8 -> ErrorCode.ALREADY_EXISTS;
      case 9 -> ErrorCode.PERMISSION;
      default -> ErrorCode.GUEST_FAILED;
    };
  }

  private static ErrorCode ofErrno(int errno) {
    return switch (errno) {
      case EPERM, EACCES -> ErrorCode.PERMISSION;
      case ENOENT -> ErrorCode.NOT_FOUND;
      case EEXIST -> ErrorCode.ALREADY_EXISTS;
      case EBUSY, EADDRINUSE -> ErrorCode.IN_USE;
      case EAGAIN, ENOMEM, ENFILE, EMFILE, ENOSPC, EDQUOT -> ErrorCode.NO_SPACE;
      case ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG, ELOOP -> ErrorCode.INVALID;
      case ECONNREFUSED, ENETUNREACH, EHOSTUNREACH -> ErrorCode.UNAVAILABLE;
      case ETIMEDOUT -> ErrorCode.TIMEOUT;
      default -> ErrorCode.GUEST_FAILED;
    };
  }
}
