package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Long work: begun by a {@code .begin} method, then asked, watched or cancelled by its id. */
public final class OperationApi {
  private OperationApi() {}

  public static final String RUNNING = "running";
  public static final String DONE = "done";
  public static final String FAILED = "failed";
  public static final String CANCELLED = "cancelled";
  public static final String INTERRUPTED = "interrupted";

  @Json
  public record Ref(String operation) {}

  /** The answer of a {@code .begin} whose result comes at the end of the operation. */
  @Json
  public record Begun(String operation) {}

  /** A stage that is over. */
  @Json
  public record Stage(String name, long millis) {}

  /**
   * How far an operation is; also the body of the notification {@link #PROGRESS}.
   *
   * @param type {@code vm.create}, {@code image.pull}, …
   * @param subject the VM, image or kernel it works on
   * @param state running, done, failed, cancelled, or interrupted by the end of the daemon
   * @param stage the stage at work, or the last one
   * @param done bytes of this stage; total is -1 when unknown
   * @param stages those that are over, in order
   * @param result of a done operation: what the row of its begin method says
   * @param error of an operation that is not done
   */
  @Json
  public record Status(
      String operation,
      String type,
      String subject,
      String state,
      String stage,
      long done,
      long total,
      List<Stage> stages,
      long startedAt,
      @Nullable Long endedAt,
      @Json.Raw @AnyJson @Nullable String result,
      @Nullable ErrorData error) {}

  @Json
  public record Statuses(List<Status> operations) {}

  /** The notification that {@code .watch} and interactive methods send before their reply. */
  public static final String PROGRESS = "operation.progress";

  public static final Method<Ref, Status> STATUS = status("operation");
  public static final Method<Ref, Status> WATCH = watch("operation");
  public static final Method<Ref, Status> CANCEL = cancel("operation");
  public static final Method<DaemonApi.Nothing, Statuses> LIST =
      Method.call(
          "operation.list",
          DaemonApi.Nothing.class,
          Statuses.class,
          "Operations that run, or ended a short while ago");

  static Method<Ref, Status> status(String type) {
    return Method.call(type + ".status", Ref.class, Status.class, "How far the operation is");
  }

  static Method<Ref, Status> watch(String type) {
    return Method.watch(
        type + ".watch", Ref.class, Status.class, "Report progress; reply at the end");
  }

  static Method<Ref, Status> cancel(String type) {
    return Method.call(
        type + ".cancel", Ref.class, Status.class, "Interrupt and undo; replies when it is undone");
  }
}
