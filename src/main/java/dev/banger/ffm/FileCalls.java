package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Calls about open files. Descriptors are plain numbers: who opens one closes it. */
public final class FileCalls {
  /** Flags of open(2), as on every architecture that banger knows. */
  public static final int O_RDONLY = 0;

  public static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;

  /** Of lseek(2): the next data, the next hole, at or after the offset. */
  public static final int SEEK_DATA = 3;

  public static final int SEEK_HOLE = 4;

  /** ioctl_ficlone(2). */
  private static final long FICLONE = 0x40049409L;

  /** fallocate(2): the file's size stays. */
  private static final int KEEP_SIZE = 1;

  private static final int AT_FDCWD = -100;
  private static final int STATX_BLOCKS = 0x400;
  private static final long STATX_SIZE = 256;
  private static final long STATX_BLOCKS_AT = 48;
  private static final long SECTOR = 512;

  private static final MethodHandle STATX =
      Native.function(
          "statx", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle OPEN =
      Native.function(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle LSEEK =
      Native.function("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle IOCTL =
      Native.function(
          "ioctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(2));

  private static final MethodHandle FALLOCATE =
      Native.function(
          "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));

  private FileCalls() {}

  /** open(2) of an existing file; children do not inherit it. {@link ProcessCalls#close} it. */
  public static int open(Path path, int flags) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      return (int)
          Native.call("open", errno -> (int) OPEN.invokeExact(errno, name, flags | O_CLOEXEC));
    }
  }

  /** lseek(2). ENXIO: there is no data behind the offset. */
  public static long lseek(int descriptor, long offset, int whence) throws SystemCallException {
    return Native.call(
        "lseek", errno -> (long) LSEEK.invokeExact(errno, descriptor, offset, whence));
  }

  /** By statx(2): the bytes that a file really takes; holes take none. */
  public static long allocated(Path path) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      MemorySegment result = arena.allocate(STATX_SIZE, 8);
      Native.call(
          "statx",
          errno -> (int) STATX.invokeExact(errno, AT_FDCWD, name, 0, STATX_BLOCKS, result));
      return SECTOR * result.get(JAVA_LONG, STATX_BLOCKS_AT);
    }
  }

  /**
   * fallocate(2): these bytes have their place on the disk, so that writing them cannot fail for
   * want of room; the file's size stays. EOPNOTSUPP: this file system cannot.
   */
  public static void reserve(int descriptor, long offset, long length) throws SystemCallException {
    Native.call(
        "fallocate",
        errno -> (int) FALLOCATE.invokeExact(errno, descriptor, KEEP_SIZE, offset, length));
  }

  /** ioctl(2) with a number, or the address of what it points to. */
  static void ioctl(String name, int descriptor, long request, long argument)
      throws SystemCallException {
    Native.call(name, errno -> (int) IOCTL.invokeExact(errno, descriptor, request, argument));
  }

  /** As {@link #ioctl}, for requests whose result is a number. */
  static long answer(String name, int descriptor, long request) throws SystemCallException {
    return Native.call(name, errno -> (int) IOCTL.invokeExact(errno, descriptor, request, 0L));
  }

  /** ioctl_ficlone(2): the target shares the source's blocks. Many file systems cannot. */
  public static void ficlone(int target, int source) throws SystemCallException {
    ioctl("ficlone", target, FICLONE, source);
  }
}
