package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Joins a client (control, input, output: docs/rpc.md) to a VM's serial line, which its shim owns
 * (guest/PROTOCOL.md, section 9).
 */
final class ConsoleSession implements AutoCloseable {
  private static final int BUFFER = 16 << 10;

  private final SocketChannel line;
  private final boolean writes;

  private ConsoleSession(SocketChannel line, boolean writes) {
    this.line = line;
    this.writes = writes;
  }

  /** Joins the watchers of a VM's line; to write, too, if nobody else does. */
  static ConsoleSession open(Path socket, boolean view) throws BangerException {
    try {
      SocketChannel line = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        line.connect(UnixDomainSocketAddress.of(socket));
        line.write(ByteBuffer.wrap(new byte[] {(byte) (view ? 'v' : 'w')}));
        ByteBuffer answer = ByteBuffer.allocate(1);
        if (line.read(answer) != 1) {
          throw new IOException("its eight places are taken");
        }
        return new ConsoleSession(line, answer.get(0) == 'w');
      } catch (IOException e) {
        line.close();
        throw e;
      }
    } catch (IOException e) {
      throw new BangerException(
          Files.exists(socket) ? ErrorCode.UNAVAILABLE : ErrorCode.WRONG_STATE,
          "cannot open the console at " + socket,
          Files.exists(socket)
              ? "close other consoles of this VM"
              : "the VM must run, started by a banger that has consoles: restart it",
          e);
    }
  }

  /** Whether this one may write. */
  boolean writes() {
    return writes;
  }

  /** Until the VM ends or the client goes. */
  void serve(YamuxSession session) throws InterruptedException, IOException {
    session.onClosed(_ -> close());
    try (this;
        YamuxStream control = session.accept();
        YamuxStream input = session.accept();
        YamuxStream output = session.accept()) {
      Thread.ofVirtual().name("console-input").start(() -> feed(input));
      byte[] bytes = new byte[BUFFER];
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      for (int count = line.read(buffer); count >= 0; count = line.read(buffer.clear())) {
        output.output().write(bytes, 0, count);
      }
      output.closeOutput();
      ControlMessage.write(control.output(), new ControlMessage.Exited(0));
      control.closeOutput();
      control.input().skip(Long.MAX_VALUE); // until the client has read that
    }
  }

  private void feed(YamuxStream input) {
    byte[] bytes = new byte[BUFFER];
    try {
      for (int n = input.input().read(bytes); n >= 0; n = input.input().read(bytes)) {
        ByteBuffer typed = ByteBuffer.wrap(bytes, 0, n);
        while (writes && typed.hasRemaining()) {
          line.write(typed);
        }
      }
    } catch (IOException _) {
      // One of the two sides has gone, which the other direction sees as well.
    }
  }

  @Override
  public void close() {
    try {
      line.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }
}
