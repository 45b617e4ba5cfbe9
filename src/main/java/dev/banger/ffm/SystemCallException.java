package dev.banger.ffm;

import java.io.IOException;

/** A C function that failed, with the errno of that very call. */
public final class SystemCallException extends IOException {
  private static final long serialVersionUID = 1L;

  /** errno(3), the same on every Linux architecture that Java runs on. */
  public static final int EPERM = 1;

  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int ENXIO = 6;
  public static final int EAGAIN = 11;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int ENOTTY = 25;
  public static final int ENOSPC = 28;
  public static final int EBADMSG = 74;
  public static final int EOPNOTSUPP = 95;
  public static final int ENOBUFS = 105;

  private final int errno;

  SystemCallException(String function, int errno) {
    super(function + ": " + Native.strerror(errno));
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}
