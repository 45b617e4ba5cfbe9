package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.Method;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;

/** One archive over a connection that is used up by it: docs/rpc.md, sessions. */
final class ArchiveTransfer {
  private ArchiveTransfer() {}

  /** Writes the archive, or reads it. */
  @FunctionalInterface
  interface Transfer {
    void run(TarPipe tar) throws IOException;
  }

  /**
   * The daemon's failure counts, unless the trouble was with files of this host.
   *
   * @param tried for messages
   */
  static <P extends Record> ControlMessage.Copied run(
      Client client,
      Method<P, DaemonApi.Nothing> method,
      P request,
      String tried,
      Transfer transfer)
      throws BangerException {
    DaemonApi.Nothing _ = client.call(method, request, (_, _) -> {});
    try (YamuxSession session = client.upgrade()) {
      YamuxStream control = session.open();
      YamuxStream stream = session.open();
      TarPipe tar = new TarPipe(stream);
      IOException trouble = null;
      try {
        transfer.run(tar);
        stream.closeOutput();
      } catch (IOException e) {
        trouble = e;
        stream.reset();
      }
      if (trouble != null && !tar.broken()) {
        throw trouble;
      }
      ControlMessage end = ControlMessage.read(control.input());
      if (end instanceof ControlMessage.Failed failed) {
        throw failed.failure();
      }
      if (trouble == null && end instanceof ControlMessage.Copied copied) {
        return copied;
      }
      throw new BangerException(ErrorCode.UNAVAILABLE, tried, "", trouble);
    } catch (IOException e) {
      throw new BangerException(ErrorCode.UNAVAILABLE, tried, "", e);
    }
  }
}
