package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** epoll(7) and eventfd(2). */
final class EventCalls {
  /** {@code struct epoll_event} is packed on x86-64 only. */
  private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");

  private static final long DATA_OFFSET = PACKED ? 4 : 8;
  static final long EVENT_SIZE = DATA_OFFSET + 8;

  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;
  private static final int EPOLLIN = 1;
  private static final int CLOSE_ON_EXEC = 0x80000;

  private static final MethodHandle EPOLL_CREATE1 =
      Native.function("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle EPOLL_CTL =
      Native.function(
          "epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle EPOLL_WAIT =
      Native.function(
          "epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle EVENTFD =
      Native.function("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  private EventCalls() {}

  /** epoll_create1(2) with EPOLL_CLOEXEC. */
  static int epollCreate1() throws SystemCallException {
    return (int)
        Native.call(
            "epoll_create1", errno -> (int) EPOLL_CREATE1.invokeExact(errno, CLOSE_ON_EXEC));
  }

  /** epoll_ctl(2), EPOLL_CTL_ADD of EPOLLIN; {@code key} comes back with each event. */
  static void epollAdd(int epoll, int descriptor, long key) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(EVENT_SIZE);
      event.set(JAVA_INT_UNALIGNED, 0, EPOLLIN);
      event.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, key);
      Native.call(
          "epoll_ctl",
          errno -> (int) EPOLL_CTL.invokeExact(errno, epoll, EPOLL_CTL_ADD, descriptor, event));
    }
  }

  /** epoll_ctl(2), EPOLL_CTL_DEL. */
  static void epollDelete(int epoll, int descriptor) throws SystemCallException {
    Native.call(
        "epoll_ctl",
        errno ->
            (int)
                EPOLL_CTL.invokeExact(errno, epoll, EPOLL_CTL_DEL, descriptor, MemorySegment.NULL));
  }

  /** epoll_wait(2), blocking without limit; how many events {@code events} now holds. */
  static int epollWait(int epoll, MemorySegment events) throws SystemCallException {
    int most = Math.toIntExact(events.byteSize() / EVENT_SIZE);
    return (int)
        Native.call(
            "epoll_wait", errno -> (int) EPOLL_WAIT.invokeExact(errno, epoll, events, most, -1));
  }

  /** The key of the event at {@code index}. */
  static long key(MemorySegment events, int index) {
    return events.get(JAVA_LONG_UNALIGNED, index * EVENT_SIZE + DATA_OFFSET);
  }

  /** eventfd(2), close-on-exec; readable at once when {@code initial} is not 0. */
  static int eventfd(int initial) throws SystemCallException {
    return (int)
        Native.call("eventfd", errno -> (int) EVENTFD.invokeExact(errno, initial, CLOSE_ON_EXEC));
  }
}
