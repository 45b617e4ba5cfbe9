package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A socket to the kernel's networking (netlink(7), rtnetlink(7)). For one thread at a time. */
public final class Netlink implements AutoCloseable {
  /** Protocols: links, addresses, routes; and packet filters. */
  public static final int ROUTE = 0;

  public static final int NETFILTER = 12;

  /** Flags of a request. */
  public static final int REPLACE = 0x100;

  public static final int EXCLUSIVE = 0x200;
  public static final int CREATE = 0x400;
  public static final int DUMP = 0x300;

  /** In place of messages that were more than the kernel kept. */
  public static final int OVERRUN = -1;

  private static final int REQUEST = 1;
  private static final int ACKNOWLEDGE = 4;
  private static final int ERROR = 2;
  private static final int DONE = 3;
  private static final int HEADER = 16;
  private static final int BUFFER = 64 << 10;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int SOL_NETLINK = 270;
  private static final int ADD_MEMBERSHIP = 1;
  private static final int MSG_DONTWAIT = 0x40;
  private static final long TIMEOUT_SECONDS = 5;
  private static final int ADDRESS_SIZE = 12;

  private static final MethodHandle SOCKET =
      Native.function("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle BIND =
      Native.function("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SEND =
      Native.function(
          "send", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle RECV =
      Native.function(
          "recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle SETSOCKOPT =
      Native.function(
          "setsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));

  /**
   * A message from the kernel.
   *
   * @param sequence the number of the request that it answers
   * @param body what follows the header, in the host's order
   */
  public record Answer(int type, int sequence, ByteBuffer body) {}

  private final int descriptor;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(BUFFER, 8);
  private int sequence;

  private Netlink(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Opens a socket; {@code groups} are those of multicasts to hear, by their numbers. */
  public static Netlink open(int protocol, int... groups) throws SystemCallException {
    int descriptor =
        (int)
            Native.call(
                "socket",
                errno -> (int) SOCKET.invokeExact(errno, AF_NETLINK, SOCK_RAW_CLOEXEC, protocol));
    Netlink opened = new Netlink(descriptor);
    try {
      opened.begin(groups);
    } catch (SystemCallException e) {
      opened.close();
      throw e;
    }
    return opened;
  }

  private void begin(int... groups) throws SystemCallException {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment address = call.allocate(ADDRESS_SIZE, 4);
      address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
      Native.call(
          "bind", errno -> (int) BIND.invokeExact(errno, descriptor, address, ADDRESS_SIZE));
      MemorySegment limit = call.allocate(16, 8);
      limit.set(JAVA_LONG, 0, TIMEOUT_SECONDS);
      set(SOL_SOCKET, SO_RCVTIMEO, limit);
      for (int group : groups) {
        MemorySegment number = call.allocate(4, 4);
        number.set(JAVA_INT, 0, group);
        set(SOL_NETLINK, ADD_MEMBERSHIP, number);
      }
    }
  }

  private void set(int level, int option, MemorySegment value) throws SystemCallException {
    int size = Math.toIntExact(value.byteSize());
    Native.call(
        "setsockopt",
        errno -> (int) SETSOCKOPT.invokeExact(errno, descriptor, level, option, value, size));
  }

  /** Readable when there is something to {@link #heard()}. */
  public int descriptor() {
    return descriptor;
  }

  /** Asks the kernel to do something; an error carries its errno. */
  public void ask(NetlinkMessage message, int flags) throws SystemCallException {
    List<Answer> _ = exchange(message, REQUEST | ACKNOWLEDGE | flags);
  }

  /** Asks for all things of a kind. */
  public List<Answer> dump(NetlinkMessage message) throws SystemCallException {
    return exchange(message, REQUEST | DUMP);
  }

  private List<Answer> exchange(NetlinkMessage message, int flags) throws SystemCallException {
    sequence++;
    send(message, flags);
    List<Answer> answers = new ArrayList<>();
    while (true) {
      for (Answer answer : messages(receive(0))) {
        if (answer.sequence() != sequence) {
          continue; // an answer to something that timed out
        }
        if (answer.type() == ERROR) {
          int error = answer.body().getInt();
          if (error != 0) {
            throw new SystemCallException("netlink request " + message.type(), -error);
          }
          return answers;
        }
        if (answer.type() == DONE) {
          return answers;
        }
        answers.add(answer);
      }
    }
  }

  /** All that came with one datagram. */
  private static List<Answer> messages(ByteBuffer in) throws SystemCallException {
    List<Answer> all = new ArrayList<>();
    while (in.remaining() >= HEADER) {
      int begin = in.position();
      int length = in.getInt();
      if (length < HEADER || begin + length > in.limit()) {
        throw new SystemCallException("netlink answer", SystemCallException.EBADMSG);
      }
      int type = Short.toUnsignedInt(in.getShort());
      int _ = in.getShort();
      int number = in.getInt();
      ByteBuffer body = in.slice(begin + HEADER, length - HEADER).order(ByteOrder.nativeOrder());
      all.add(new Answer(type, number, body));
      in.position(Math.min(in.limit(), begin + (length + 3) / 4 * 4));
    }
    return all;
  }

  private void send(NetlinkMessage message, int flags) throws SystemCallException {
    byte[] payload = message.payload();
    int length = HEADER + payload.length;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment request = call.allocate(length, 4);
      request.set(JAVA_INT, 0, length);
      request.set(JAVA_SHORT, 4, (short) message.type());
      request.set(JAVA_SHORT, 6, (short) flags);
      request.set(JAVA_INT, 8, sequence);
      MemorySegment.copy(payload, 0, request, JAVA_BYTE, HEADER, payload.length);
      Native.call(
          "send", errno -> (long) SEND.invokeExact(errno, descriptor, request, (long) length, 0));
    }
  }

  /** What was multicast since the last call, without waiting; it may be more than was sent. */
  public List<Answer> heard() throws SystemCallException {
    List<Answer> all = new ArrayList<>();
    while (true) {
      try {
        all.addAll(messages(receive(MSG_DONTWAIT)));
      } catch (SystemCallException e) {
        if (e.errno() == SystemCallException.EAGAIN) {
          return all;
        }
        if (e.errno() == SystemCallException.ENOBUFS) {
          all.add(new Answer(OVERRUN, 0, ByteBuffer.allocate(0)));
        } else {
          throw e;
        }
      }
    }
  }

  /** A copy: what was received stays valid. */
  private ByteBuffer receive(int flags) throws SystemCallException {
    long count =
        Native.call(
            "recv",
            errno -> (long) RECV.invokeExact(errno, descriptor, buffer, (long) BUFFER, flags));
    return ByteBuffer.wrap(buffer.asSlice(0, count).toArray(JAVA_BYTE))
        .order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() throws SystemCallException {
    try {
      arena.close();
    } finally {
      ProcessCalls.close(descriptor);
    }
  }
}
