package dev.banger.cli;

import dev.banger.api.ErrorData;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.concurrent.atomic.AtomicInteger;

/** Waits for an operation's end, showing its progress; ctrl-C cancels it, a second one leaves. */
final class Operations {
  private Operations() {}

  /** The last status, of an operation that is done. */
  static OperationApi.Status await(Client client, String operation) throws BangerException {
    ProgressView progress = ProgressView.standard();
    OperationApi.Ref ref = new OperationApi.Ref(operation);
    AtomicInteger interrupts = new AtomicInteger();
    Signals.on("INT", () -> cancel(client, ref, interrupts.incrementAndGet()));
    Signals.on("TERM", () -> cancel(client, ref, interrupts.incrementAndGet()));
    OperationApi.Status end;
    try {
      end = client.call(OperationApi.WATCH, ref, progress);
    } finally {
      progress.clear();
    }
    if (!end.state().equals(OperationApi.DONE)) {
      throw failure(end);
    }
    return end;
  }

  private static BangerException failure(OperationApi.Status end) {
    ErrorData error = end.error();
    return error != null
        ? Failures.read(error)
        : new BangerException(
            end.state().equals(OperationApi.CANCELLED) ? ErrorCode.CANCELLED : ErrorCode.INTERNAL,
            end.type() + " " + end.subject() + " " + end.state(),
            "");
  }

  private static void cancel(Client client, OperationApi.Ref ref, int times) {
    if (times > 1) {
      Runtime.getRuntime().halt(130);
    }
    System.err.println("\ncancelling; ctrl-C again leaves without waiting for the undo");
    try {
      client.post(OperationApi.CANCEL, ref);
    } catch (BangerException e) {
      Failures.print(e, false);
      Runtime.getRuntime().halt(130);
    }
  }
}
