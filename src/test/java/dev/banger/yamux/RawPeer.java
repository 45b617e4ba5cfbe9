package dev.banger.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Writes and reads frames by hand, right or wrong ones. */
final class RawPeer implements AutoCloseable {
  record Header(int type, int flags, int stream, int length) {}

  private final SocketChannel channel;

  RawPeer(SocketChannel channel) {
    this.channel = channel;
  }

  RawPeer bytes(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    return this;
  }

  RawPeer header(int type, int flags, int stream, int length) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);
    Frame.putHeader(header, type, flags, stream, length);
    return bytes(header.array());
  }

  RawPeer data(int stream, int flags, String text) throws IOException {
    byte[] body = text.getBytes(UTF_8);
    return header(Frame.DATA, flags, stream, body.length).bytes(body);
  }

  /** The next header; the body of a data frame is skipped. */
  Header read() throws IOException {
    ByteBuffer in = read(Frame.HEADER_BYTES);
    in.get();
    Header header = new Header(in.get(), in.getShort(), in.getInt(), in.getInt());
    if (header.type() == Frame.DATA) {
      read(header.length());
    }
    return header;
  }

  private ByteBuffer read(int count) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(count);
    while (in.hasRemaining()) {
      if (channel.read(in) < 0) {
        throw new IOException("end of file after " + in.position() + " of " + count + " bytes");
      }
    }
    return in.flip();
  }

  /** Waits until the other side has closed. */
  void awaitEnd() throws IOException {
    ByteBuffer sink = ByteBuffer.allocate(1024);
    while (channel.read(sink) >= 0) {
      sink.clear();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
