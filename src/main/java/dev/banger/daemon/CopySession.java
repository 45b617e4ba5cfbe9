package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.api.StreamApi;
import dev.banger.guest.CopyIn;
import dev.banger.guest.CopyOut;
import dev.banger.guest.CopyTotals;
import dev.banger.guest.Guest;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods.Upgrade;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.time.Duration;

/** A tar stream between a client and a guest: docs/rpc.md tells the two streams of the session. */
final class CopySession {
  private static final Duration FINISH_LIMIT = Duration.ofMinutes(10);

  private CopySession() {}

  static Upgrade<DaemonApi.Nothing> begin(Guest guest, StreamApi.Copy wish)
      throws BangerException, InterruptedException {
    String user = wish.user() == null ? "" : wish.user();
    return switch (wish.direction()) {
      case "in" -> {
        CopyIn copy = guest.copyIn(wish.path(), user, wish.makeDirectory(), wish.keepOwners());
        yield new Upgrade<>(new DaemonApi.Nothing(), session -> in(session, copy));
      }
      case "out" -> {
        CopyOut copy = guest.copyOut(wish.path(), user, wish.followLink());
        yield new Upgrade<>(new DaemonApi.Nothing(), session -> out(session, copy));
      }
      default ->
          throw new BangerException(
              ErrorCode.INVALID,
              "'" + wish.direction() + "' is no direction of a copy",
              "write in or out");
    };
  }

  private static void in(YamuxSession session, CopyIn copy)
      throws InterruptedException, IOException {
    try (copy;
        YamuxStream control = session.accept();
        YamuxStream archive = session.accept()) {
      ControlMessage result;
      try {
        try {
          ExecSession.copy(archive.input(), copy.output());
        } catch (IOException e) {
          if (!session.isOpen()) {
            throw e; // the client has gone: what it sent is cut off
          }
        }
        result = copied(copy.finish(FINISH_LIMIT)); // says why, when the guest gave up
      } catch (BangerException e) {
        result = new ControlMessage.Failed(e);
      }
      report(control, result);
    }
  }

  private static void out(YamuxSession session, CopyOut copy)
      throws InterruptedException, IOException {
    try (copy;
        YamuxStream control = session.accept();
        YamuxStream archive = session.accept()) {
      ControlMessage result;
      try {
        ExecSession.copy(copy.input(), archive.output());
        archive.closeOutput();
        result = copied(copy.totals());
      } catch (BangerException e) {
        result = new ControlMessage.Failed(e);
      } catch (IOException e) {
        if (!session.isOpen()) {
          throw e;
        }
        archive.reset();
        result =
            new ControlMessage.Failed(
                new BangerException(ErrorCode.GUEST_FAILED, "the copy was cut off", "", e));
      }
      report(control, result);
    }
  }

  private static ControlMessage copied(CopyTotals totals) {
    return new ControlMessage.Copied(totals.entries(), totals.bytes());
  }

  private static void report(YamuxStream control, ControlMessage result) throws IOException {
    ControlMessage.write(control.output(), result);
    control.closeOutput();
    control.input().skip(Long.MAX_VALUE); // until the client has read that
  }
}
