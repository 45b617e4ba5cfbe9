package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.rpc.JsonText.Malformed;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What is said on the control stream of a session: {@code u32 length | u8 kind | body}, big-endian,
 * length counts kind and body. docs/rpc.md tells which streams a session has.
 */
public sealed interface ControlMessage {
  /** The client's terminal has a new size. */
  record Resize(int rows, int columns) implements ControlMessage {}

  /** A signal for the program's process group. */
  record Signal(int number) implements ControlMessage {}

  /** The program has ended by itself; nothing follows. */
  record Exited(int status) implements ControlMessage {}

  /** A signal has ended the program; nothing follows. */
  record Signalled(int number) implements ControlMessage {}

  /** The session's work has failed; nothing follows. */
  record Failed(BangerException failure) implements ControlMessage {}

  /** The copy is whole; nothing follows. */
  record Copied(long entries, long bytes) implements ControlMessage {}

  /** The daemon ends and the program runs on: the next daemon takes it up; nothing follows. */
  record LetGo() implements ControlMessage {}

  /** The longest message, in bytes behind the length. */
  int LIMIT = 64 << 10;

  /** Writes one message and flushes. */
  static void write(OutputStream out, ControlMessage message) throws IOException {
    DataOutputStream data = new DataOutputStream(new BufferedOutputStream(out));
    switch (message) {
      case Resize m -> {
        begin(data, 1, 4);
        data.writeShort(m.rows());
        data.writeShort(m.columns());
      }
      case Signal m -> number(data, 2, m.number());
      case Exited m -> number(data, 16, m.status());
      case Signalled m -> number(data, 17, m.number());
      case Failed m -> text(data, ErrorObject.data(m.failure()));
      case Copied m -> {
        begin(data, 19, 16);
        data.writeLong(m.entries());
        data.writeLong(m.bytes());
      }
      case LetGo _ -> begin(data, 20, 0);
    }
    data.flush();
  }

  private static void begin(DataOutputStream data, int kind, int body) throws IOException {
    data.writeInt(1 + body);
    data.writeByte(kind);
  }

  private static void number(DataOutputStream data, int kind, int number) throws IOException {
    begin(data, kind, 4);
    data.writeInt(number);
  }

  private static void text(DataOutputStream data, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    if (body.length >= LIMIT) {
      throw new IOException("an error of " + body.length + " bytes is too long to send");
    }
    begin(data, 18, body.length);
    data.write(body);
  }

  /** The next message; null at the end of the stream. */
  static @Nullable ControlMessage read(InputStream in) throws IOException {
    int first = in.read();
    if (first < 0) {
      return null;
    }
    DataInputStream rest = new DataInputStream(in);
    int length = first << 24 | rest.readUnsignedByte() << 16 | rest.readUnsignedShort();
    if (length < 1 || length > LIMIT) {
      throw new IOException("a control message of " + Integer.toUnsignedString(length) + " bytes");
    }
    byte[] bytes = new byte[length];
    rest.readFully(bytes);
    return decode(bytes[0], ByteBuffer.wrap(bytes, 1, length - 1));
  }

  private static ControlMessage decode(int kind, ByteBuffer body) throws IOException {
    int length = body.remaining();
    return switch (kind) {
      case 1 -> {
        require(length == 4, kind);
        yield new Resize(
            Short.toUnsignedInt(body.getShort()), Short.toUnsignedInt(body.getShort()));
      }
      case 2 -> {
        require(length == 4, kind);
        yield new Signal(body.getInt());
      }
      case 16 -> {
        require(length == 4, kind);
        yield new Exited(body.getInt());
      }
      case 17 -> {
        require(length == 4, kind);
        yield new Signalled(body.getInt());
      }
      case 18 -> new Failed(failure(StandardCharsets.UTF_8.decode(body).toString()));
      case 19 -> {
        require(length == 16, kind);
        yield new Copied(body.getLong(), body.getLong());
      }
      case 20 -> {
        require(length == 0, kind);
        yield new LetGo();
      }
      default -> throw new IOException("a control message of the unknown kind " + kind);
    };
  }

  private static BangerException failure(String json) throws IOException {
    try {
      return ErrorObject.readData(json);
    } catch (Malformed e) {
      throw new IOException("a control message with a garbled error", e);
    }
  }

  private static void require(boolean fits, int kind) throws IOException {
    if (!fits) {
      throw new EOFException("a control message of kind " + kind + " has the wrong length");
    }
  }
}
