package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Calls about processes. Descriptors are plain numbers: who opens one closes it. */
public final class ProcessCalls {
  /** System call numbers, the same on every architecture; glibc names these calls from 2.36 on. */
  private static final long SYS_PIDFD_SEND_SIGNAL = 424;

  private static final long SYS_PIDFD_OPEN = 434;

  private static final MethodHandle SYSCALL =
      Native.function(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1));
  private static final MethodHandle CLOSE =
      Native.function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle GETEUID =
      Native.function("geteuid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle GETEGID =
      Native.function("getegid", FunctionDescriptor.of(JAVA_INT));

  private ProcessCalls() {}

  /** pidfd_open(2): a descriptor for this process; readable once it has ended. */
  public static int pidfdOpen(long pid) throws SystemCallException {
    return (int) syscall("pidfd_open", SYS_PIDFD_OPEN, pid, 0);
  }

  /** pidfd_send_signal(2). ESRCH: the process has ended. */
  public static void pidfdSendSignal(int pidfd, int signal) throws SystemCallException {
    syscall("pidfd_send_signal", SYS_PIDFD_SEND_SIGNAL, pidfd, signal);
  }

  /** syscall(2); the arguments not given are 0. */
  private static long syscall(String name, long number, long first, long second)
      throws SystemCallException {
    return Native.call(
        name, errno -> (long) SYSCALL.invokeExact(errno, number, first, second, 0L, 0L));
  }

  /** close(2). */
  public static void close(int descriptor) throws SystemCallException {
    Native.call("close", errno -> (int) CLOSE.invokeExact(errno, descriptor));
  }

  /** geteuid(2): the user that this process works as. */
  public static int geteuid() {
    return unfailing("geteuid", GETEUID);
  }

  /** getegid(2). */
  public static int getegid() {
    return unfailing("getegid", GETEGID);
  }

  private static int unfailing(String name, MethodHandle handle) {
    try {
      return (int)
          Native.call(name, errno -> Integer.toUnsignedLong((int) handle.invokeExact(errno)));
    } catch (SystemCallException e) {
      throw new IllegalStateException(e);
    }
  }
}
