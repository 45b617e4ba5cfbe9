package dev.banger.guest.ssh;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.ChannelOutputStream;
import org.apache.sshd.common.channel.ChannelPipedInputStream;
import org.apache.sshd.server.channel.AbstractServerChannel;
import org.jspecify.annotations.Nullable;

/**
 * A channel of an SSH connection as two blocking streams. What the client sends is held here until
 * it is read, at most a window of it.
 */
abstract class ByteChannel extends AbstractServerChannel {
  private static final int BUFFER = 32 << 10;

  private @Nullable ChannelPipedInputStream received;
  private @Nullable OutputStream sent;

  ByteChannel() {
    super("", List.of(), null);
    addCloseFutureListener(_ -> ended());
  }

  /** Once both windows are known. */
  final void openStreams() {
    received = new ChannelPipedInputStream(getLocalWindow(), 0L);
    sent = stream(SshConstants.SSH_MSG_CHANNEL_DATA);
  }

  /** What the client sends. */
  final InputStream received() {
    return opened(received);
  }

  /** To the client. */
  final OutputStream sent() {
    return opened(sent);
  }

  /** To the client's standard error. */
  final OutputStream errors() {
    return stream(SshConstants.SSH_MSG_CHANNEL_EXTENDED_DATA);
  }

  private OutputStream stream(byte command) {
    return new ChannelOutputStream(this, getRemoteWindow(), log, command, false);
  }

  private static <T> T opened(@Nullable T stream) {
    if (stream == null) {
      throw new IllegalStateException("the channel is not open yet");
    }
    return stream;
  }

  /** The channel is closed: nobody sends or reads any more. */
  void ended() {
    ChannelPipedInputStream in = received;
    if (in != null) {
      in.eof();
    }
  }

  /** Copies to the end, what is there at once; whoever reads waits for no more. */
  static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      to.flush();
    }
  }

  /** No bytes follow to the client. */
  final void finishSending() throws IOException {
    sendEof();
  }

  @Override
  protected void doWriteData(byte[] bytes, int offset, long length) throws IOException {
    ChannelPipedInputStream in = received;
    if (in != null && !isClosing()) {
      in.receive(bytes, offset, (int) length);
    }
  }

  @Override
  protected void doWriteExtendedData(byte[] bytes, int offset, long length) throws IOException {
    throw new IOException("a client has no standard error");
  }

  @Override
  public void handleEof() throws IOException {
    super.handleEof();
    ChannelPipedInputStream in = received;
    if (in != null) {
      in.eof();
    }
  }
}
