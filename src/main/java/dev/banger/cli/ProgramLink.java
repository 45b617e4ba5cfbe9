package dev.banger.cli;

import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a program's daemon, with the four streams in the order that docs/rpc.md fixes.
 */
final class ProgramLink implements AutoCloseable {
  private final Client client;
  private final YamuxSession session;
  private final YamuxStream control;
  private final YamuxStream input;
  private final YamuxStream output;
  private final YamuxStream errors;

  /** After the reply of the call that began the program or took it up. */
  ProgramLink(Client client) throws IOException {
    this.client = client;
    session = client.upgrade();
    control = session.open();
    input = session.open();
    output = session.open();
    errors = session.open();
  }

  YamuxStream input() {
    return input;
  }

  YamuxStream output() {
    return output;
  }

  YamuxStream errors() {
    return errors;
  }

  /** The process id of the daemon. */
  long daemon() {
    return client.hello().pid();
  }

  /** How it ended; null when the connection was lost. */
  @Nullable ControlMessage awaitEnd() {
    try {
      return ControlMessage.read(control.input());
    } catch (IOException e) {
      return null;
    }
  }

  /** The end is known here; returns when the daemon has put away what the program had. */
  void confirm() {
    try {
      control.closeOutput();
      while (control.input().read() >= 0) {}
    } catch (IOException _) {
      // The daemon has gone; the next one will put it away.
    }
  }

  /** False when the connection is lost. */
  boolean tell(ControlMessage message) {
    try {
      ControlMessage.write(control.output(), message);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    session.close();
    client.close();
  }
}
