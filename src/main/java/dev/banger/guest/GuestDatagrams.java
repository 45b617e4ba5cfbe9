package dev.banger.guest;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A UDP socket of the guest, connected to one address: each datagram is whole or lost. */
public final class GuestDatagrams implements AutoCloseable {
  private static final int LENGTH_BYTES = 2;
  private static final int LARGEST = 65_535;

  private final Conversation conversation;
  private final DataInputStream input;

  GuestDatagrams(Conversation conversation) {
    this.conversation = conversation;
    this.input = new DataInputStream(conversation.input());
  }

  /** One thread at a time. */
  public void send(byte[] datagram) throws IOException {
    if (datagram.length > LARGEST) {
      throw new IOException("a datagram of " + datagram.length + " bytes, at most " + LARGEST);
    }
    byte[] frame = new byte[LENGTH_BYTES + datagram.length];
    ByteBuffer.wrap(frame).putShort((short) datagram.length).put(datagram);
    conversation.output().write(frame);
  }

  /**
   * Waits for one; one thread at a time.
   *
   * @throws IOException nobody listens there, or this has been closed
   */
  public byte[] receive() throws IOException {
    byte[] datagram = new byte[input.readUnsignedShort()];
    input.readFully(datagram);
    return datagram;
  }

  @Override
  public void close() {
    conversation.reset();
  }
}
