package dev.banger.guest;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** One message: its kind and its body. */
final class Message {
  private static final int KIND_BYTES = 2;

  private final int kind;
  private final byte[] body;

  private Message(int kind, byte[] body) {
    this.kind = kind;
    this.body = body;
  }

  int kind() {
    return kind;
  }

  byte[] body() {
    return body;
  }

  static void write(OutputStream out, Kind kind, WireWriter body) throws IOException {
    int length = KIND_BYTES + body.size();
    if (length > kind.maxLength()) {
      throw new UnsendableException(
          "a message of " + length + " bytes, at most " + kind.maxLength());
    }
    ByteBuffer message = ByteBuffer.allocate(4 + length);
    message.putInt(length).putShort((short) kind.code()).put(body.toByteArray());
    out.write(message.array());
  }

  /** Waits for a whole message. */
  static Message read(InputStream stream) throws IOException {
    DataInputStream in = new DataInputStream(stream);
    try {
      long length = Integer.toUnsignedLong(in.readInt());
      if (length < KIND_BYTES || length > Kind.OK.maxLength()) {
        throw new MalformedException("a message of " + length + " bytes");
      }
      int kind = in.readUnsignedShort();
      byte[] body = in.readNBytes((int) length - KIND_BYTES);
      if (body.length != length - KIND_BYTES) {
        throw new EOFException();
      }
      return new Message(kind, body);
    } catch (EOFException e) {
      throw new MalformedException("the stream ended before a whole message had come");
    }
  }

  /** The body of an OK; what an ERROR says is thrown. */
  WireReader requireOk() throws IOException {
    if (kind == Kind.OK.code()) {
      return new WireReader(body);
    }
    if (kind == Kind.ERROR.code()) {
      throw new WireReader(body).all(in -> new GuestError(in.u16(), (int) in.u32(), in.string()));
    }
    throw new MalformedException("a message of the kind " + kind + " instead of a reply");
  }
}
