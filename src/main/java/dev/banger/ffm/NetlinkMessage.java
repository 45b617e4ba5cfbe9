package dev.banger.ffm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A netlink message (netlink(7)): a fixed part, then attributes, all in the host's byte order. */
public final class NetlinkMessage {
  private static final int MOST = 4096;
  private static final int ALIGNMENT = 4;
  private static final int ATTRIBUTE_HEADER = 4;
  private static final int TYPE_MASK = 0x3fff;

  private final int type;
  private final ByteBuffer out = ByteBuffer.allocate(MOST).order(ByteOrder.nativeOrder());

  /** One attribute of an answer. */
  public record Attribute(int type, ByteBuffer value) {
    /** Unsigned 32 bits, as a number that fits in an int. */
    public int number() {
      return value.duplicate().order(ByteOrder.nativeOrder()).getInt();
    }

    /** In network order too: its bytes as they stand. */
    public byte[] bytes() {
      byte[] copy = new byte[value.remaining()];
      value.duplicate().get(copy);
      return copy;
    }
  }

  public NetlinkMessage(int type) {
    this.type = type;
  }

  int type() {
    return type;
  }

  public NetlinkMessage u8(int value) {
    out.put((byte) value);
    return this;
  }

  public NetlinkMessage u16(int value) {
    out.putShort((short) value);
    return this;
  }

  public NetlinkMessage u32(int value) {
    out.putInt(value);
    return this;
  }

  public NetlinkMessage attribute(int number, byte... value) {
    out.putShort((short) (ATTRIBUTE_HEADER + value.length));
    out.putShort((short) number);
    out.put(value);
    return align();
  }

  public NetlinkMessage attribute(int number, int value) {
    return nested(number, inner -> inner.u32(value));
  }

  /** With the zero that C wants at its end. */
  public NetlinkMessage attribute(int number, String value) {
    return attribute(number, (value + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** An attribute whose value is what the action appends. */
  public NetlinkMessage nested(int number, Consumer<NetlinkMessage> action) {
    int begin = out.position();
    out.putShort((short) 0);
    out.putShort((short) number);
    action.accept(this);
    out.putShort(begin, (short) (out.position() - begin));
    return align();
  }

  private NetlinkMessage align() {
    while (out.position() % ALIGNMENT != 0) {
      out.put((byte) 0);
    }
    return this;
  }

  byte[] payload() {
    byte[] bytes = new byte[out.position()];
    out.duplicate().flip().get(bytes);
    return bytes;
  }

  /** The attributes from the buffer's position on; a malformed rest is left out. */
  public static List<Attribute> attributes(ByteBuffer from) {
    ByteBuffer in = from.slice().order(ByteOrder.nativeOrder());
    List<Attribute> found = new ArrayList<>();
    while (in.remaining() >= ATTRIBUTE_HEADER) {
      int begin = in.position();
      int length = Short.toUnsignedInt(in.getShort());
      int number = in.getShort() & TYPE_MASK;
      if (length < ATTRIBUTE_HEADER || begin + length > in.limit()) {
        break;
      }
      found.add(new Attribute(number, in.slice(in.position(), length - ATTRIBUTE_HEADER)));
      in.position(Math.min(in.limit(), begin + (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT));
    }
    return found;
  }
}
