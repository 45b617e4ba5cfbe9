package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Loop devices (loop(4), the kernel's linux/loop.h): block devices with a file behind them. */
public final class LoopCalls {
  /** Flags of a loop device. */
  public static final int READ_ONLY = 1;

  /** It lets go of its file when the last that has it open closes it. */
  public static final int AUTOCLEAR = 4;

  /** What is read and written goes past the host's page cache. */
  public static final int DIRECT_IO = 16;

  private static final long GET_FREE = 0x4c82;
  private static final long CLEAR = 0x4c01;
  private static final long GET_STATUS = 0x4c05;
  private static final long SET_CAPACITY = 0x4c07;
  private static final long CONFIGURE = 0x4c0a;

  /** {@code struct loop_info64}. */
  private static final long INFO_SIZE = 232;

  private static final long INFO_INODE = 8;
  private static final long INFO_FLAGS = 52;
  private static final long INFO_NAME = 56;
  private static final int NAME_SIZE = 64;

  /** {@code struct loop_config}: descriptor, block size, info, eight reserved. */
  private static final long CONFIG_SIZE = 304;

  private static final long CONFIG_INFO = 8;

  private LoopCalls() {}

  /**
   * What is behind a loop device.
   *
   * @param device {@code st_dev} of the file's file system
   */
  public record Status(long device, long inode, int flags) {
    public boolean has(int flag) {
      return (flags & flag) != 0;
    }
  }

  /** The number of a loop device that nobody uses, made if need be; somebody may be quicker. */
  public static int free(int control) throws SystemCallException {
    return (int) FileCalls.answer("LOOP_CTL_GET_FREE", control, GET_FREE);
  }

  /**
   * Puts a file behind a loop device, whole from the first moment (Linux 5.8). EBUSY: it has one.
   * DIRECT_IO is left out where file and device do not fit: {@link #status} tells.
   *
   * @param name for people
   */
  public static void configure(int loop, int file, String name, int flags)
      throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = configuration(arena, file, name, flags);
      FileCalls.ioctl("LOOP_CONFIGURE", loop, CONFIGURE, config.address());
    }
  }

  static MemorySegment configuration(Arena arena, int file, String name, int flags) {
    MemorySegment config = arena.allocate(CONFIG_SIZE, 8);
    config.set(JAVA_INT, 0, file);
    config.set(JAVA_INT, CONFIG_INFO + INFO_FLAGS, flags);
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, NAME_SIZE - 1);
    MemorySegment.copy(bytes, 0, config, JAVA_BYTE, CONFIG_INFO + INFO_NAME, length);
    return config;
  }

  /** ENXIO: no file is behind it. */
  public static Status status(int loop) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_SIZE, 8);
      FileCalls.ioctl("LOOP_GET_STATUS64", loop, GET_STATUS, info.address());
      return new Status(
          info.get(JAVA_LONG, 0), info.get(JAVA_LONG, INFO_INODE), info.get(JAVA_INT, INFO_FLAGS));
    }
  }

  /** It becomes as large as its file has become. */
  public static void takeCapacity(int loop) throws SystemCallException {
    FileCalls.ioctl("LOOP_SET_CAPACITY", loop, SET_CAPACITY, 0);
  }

  /** It lets go of its file, at once or when nobody has it open any more. */
  public static void clear(int loop) throws SystemCallException {
    FileCalls.ioctl("LOOP_CLR_FD", loop, CLEAR, 0);
  }
}
