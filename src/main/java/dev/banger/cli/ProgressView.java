package dev.banger.cli;

import dev.banger.api.OperationApi;
import dev.banger.rpc.RpcClient;
import dev.banger.rpc.Wire;
import java.io.PrintStream;

/**
 * Shows how far an operation is: on a terminal one line that is drawn again and again, elsewhere a
 * line for each stage.
 */
final class ProgressView implements RpcClient.Listener {
  private static final String ERASE = "\r\033[K";
  private static final int LINE = 78;

  private final PrintStream out;
  private final boolean terminal;
  private String lastStage = "";
  private boolean drawn;

  ProgressView(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** On stderr. */
  static ProgressView standard() {
    return new ProgressView(System.err, Terminal.stderr());
  }

  @Override
  public void heard(String method, String params) {
    if (method.equals(OperationApi.PROGRESS)) {
      show(Wire.json().type(OperationApi.Status.class).fromJson(params));
    }
  }

  void show(OperationApi.Status status) {
    if (!status.state().equals(OperationApi.RUNNING) || status.stage().isEmpty()) {
      return;
    }
    if (terminal) {
      draw(status.type() + " " + status.subject() + ": " + status.stage() + bytes(status));
    } else if (!status.stage().equals(lastStage)) {
      out.println(status.type() + " " + status.subject() + ": " + status.stage());
    }
    lastStage = status.stage();
  }

  /** Of what is no operation: drawn on a terminal, else passed over. */
  void show(String what, long bytes) {
    if (terminal) {
      draw(what + " " + Human.size(bytes));
    }
  }

  /** Of what is no operation, when it begins or is found to last: a line wherever it is shown. */
  void begin(String what) {
    if (terminal) {
      draw(what);
    } else {
      out.println(what);
    }
  }

  private void draw(String line) {
    out.print(ERASE + line.substring(0, Math.min(LINE, line.length())));
    out.flush();
    drawn = true;
  }

  /** Leaves the terminal as if nothing had been drawn. */
  void clear() {
    if (drawn) {
      out.print(ERASE);
      out.flush();
      drawn = false;
    }
  }

  private static String bytes(OperationApi.Status status) {
    if (status.done() <= 0) {
      return "";
    }
    return status.total() <= 0
        ? " " + Human.size(status.done())
        : " "
            + Human.size(status.done())
            + " of "
            + Human.size(status.total())
            + " ("
            + 100 * Math.min(status.done(), status.total()) / status.total()
            + " %)";
  }
}
