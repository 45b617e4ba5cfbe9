package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Calls about mounted file systems. */
public final class FileSystemCalls {
  /** {@code f_type} of tmpfs, ramfs excluded: only tmpfs has a size. */
  public static final long TMPFS_MAGIC = 0x01021994L;

  /** More than {@code struct statfs} of any 64-bit architecture. */
  private static final long STATFS_SIZE = 256;

  private static final MethodHandle STATFS =
      Native.function("statfs", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));

  private FileSystemCalls() {}

  /**
   * What statfs(2) says.
   *
   * @param type {@code f_type}
   * @param available bytes that an unprivileged user can still write
   */
  public record FileSystem(long type, long size, long available) {
    public boolean isTmpfs() {
      return type == TMPFS_MAGIC;
    }
  }

  /** statfs(2); the 64-bit layout: type, block size, blocks, free, available. */
  public static FileSystem statfs(Path path) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      MemorySegment result = arena.allocate(STATFS_SIZE, 8);
      Native.call("statfs", errno -> (int) STATFS.invokeExact(errno, name, result));
      long block = result.getAtIndex(JAVA_LONG, 1);
      return new FileSystem(
          result.getAtIndex(JAVA_LONG, 0),
          block * result.getAtIndex(JAVA_LONG, 2),
          block * result.getAtIndex(JAVA_LONG, 4));
    }
  }
}
