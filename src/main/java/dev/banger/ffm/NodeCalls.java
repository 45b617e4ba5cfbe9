package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Calls that make files which are neither regular nor directories, and put one over another. */
public final class NodeCalls {
  private static final int S_IFIFO = 0010000;
  private static final int S_IFBLK = 0060000;
  private static final int OWNER_ONLY = 0600;

  private static final long MS_RDONLY = 1;
  private static final long MS_NOSUID = 2;
  private static final long MS_NODEV = 4;
  private static final long MS_NOEXEC = 8;
  private static final long MS_REMOUNT = 32;
  private static final long MS_BIND = 4096;
  private static final int MNT_DETACH = 2;

  private static final MethodHandle MKNOD =
      Native.function("mknod", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MOUNT =
      Native.function(
          "mount", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
  private static final MethodHandle UMOUNT =
      Native.function("umount2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

  private NodeCalls() {}

  /** mkfifo(3), for its owner alone. */
  public static void makePipe(Path path) throws SystemCallException {
    mknod(path, S_IFIFO, 0);
  }

  /** mknod(2) of a block device, for its owner alone; only root may. */
  public static void makeBlockDevice(Path path, long device) throws SystemCallException {
    mknod(path, S_IFBLK, device);
  }

  private static void mknod(Path path, int type, long device) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      Native.call(
          "mknod", errno -> (int) MKNOD.invokeExact(errno, name, type | OWNER_ONLY, device));
    }
  }

  /** The file {@code source} appears at {@code target}, a file that is there; only root may. */
  public static void bind(Path source, Path target, boolean readOnly) throws SystemCallException {
    long safe = MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    mount(source.toString(), target, MS_BIND);
    mount("none", target, MS_REMOUNT | safe | (readOnly ? MS_RDONLY : 0));
  }

  private static void mount(String source, Path target, long flags) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(source);
      MemorySegment to = arena.allocateFrom(target.toString());
      MemorySegment none = MemorySegment.NULL;
      Native.call("mount", errno -> (int) MOUNT.invokeExact(errno, from, to, none, flags, none));
    }
  }

  /** Takes away what is mounted there; who has it open keeps it. */
  public static void unmount(Path target) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(target.toString());
      Native.call("umount2", errno -> (int) UMOUNT.invokeExact(errno, name, MNT_DETACH));
    }
  }
}
