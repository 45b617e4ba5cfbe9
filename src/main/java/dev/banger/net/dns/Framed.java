package dev.banger.net.dns;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Messages on a stream: two bytes of length before each (RFC 1035, 4.2.2). */
final class Framed {
  private Framed() {}

  static byte[] read(DataInputStream in) throws IOException {
    byte[] message = new byte[in.readUnsignedShort()];
    in.readFully(message);
    return message;
  }

  /** In one piece: some servers wait for no second one. */
  static void write(OutputStream out, byte[] message) throws IOException {
    byte[] framed = new byte[message.length + 2];
    framed[0] = (byte) (message.length >> 8);
    framed[1] = (byte) message.length;
    System.arraycopy(message, 0, framed, 2, message.length);
    out.write(framed);
  }
}
