package dev.banger.daemon;

import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import dev.banger.ops.OperationStatus;
import dev.banger.ops.Operations;
import dev.banger.rpc.Call;
import dev.banger.rpc.Methods;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Status, watch, cancel and list of operations of every kind. */
final class OperationMethods {
  private static final Duration WATCH_STEP = Duration.ofSeconds(10);
  private static final Duration LEAST_PAUSE = Duration.ofMillis(50);

  /** The JSON that a finished operation of some kind answers with. */
  @FunctionalInterface
  interface Results {
    @Nullable String json(OperationStatus status);
  }

  private final Operations operations;
  private final Results results;

  OperationMethods(Operations operations, Results results) {
    this.operations = operations;
    this.results = results;
  }

  void addTo(Methods methods, List<Method<?, ?>> perKind) {
    addTriple(methods, "operation");
    methods.add(
        OperationApi.LIST.name(),
        OperationApi.LIST.params(),
        OperationApi.LIST.result(),
        (_, _) -> new OperationApi.Statuses(operations.all().stream().map(this::view).toList()));
    for (Method<?, ?> method : perKind) {
      if (method.name().endsWith(".status")) {
        addTriple(methods, method.name().substring(0, method.name().length() - ".status".length()));
      }
    }
  }

  private void addTriple(Methods methods, String prefix) {
    methods.add(
        prefix + ".status",
        OperationApi.Ref.class,
        OperationApi.Status.class,
        (_, ref) -> view(operations.status(ref.operation())));
    methods.add(
        prefix + ".watch",
        OperationApi.Ref.class,
        OperationApi.Status.class,
        (call, ref) -> {
          call.interruptWhenClosed();
          return view(watch(call, ref.operation()));
        });
    methods.add(
        prefix + ".cancel",
        OperationApi.Ref.class,
        OperationApi.Status.class,
        (_, ref) -> {
          operations.cancel(ref.operation());
          return view(operations.awaitEnd(ref.operation()));
        });
  }

  /** Reports every change, a few times a second at most, until the end. */
  OperationStatus watch(Call call, String id) throws BangerException, InterruptedException {
    OperationStatus now = operations.status(id);
    while (now.state() == OperationStatus.State.RUNNING) {
      call.notify(OperationApi.PROGRESS, view(now));
      OperationStatus next = operations.await(id, now.version(), WATCH_STEP);
      if (next.state() == OperationStatus.State.RUNNING && next.stage().equals(now.stage())) {
        Thread.sleep(LEAST_PAUSE); // bytes of one stage: no need to tell each
        next = operations.status(id);
      }
      now = next;
    }
    return now;
  }

  OperationApi.Status view(OperationStatus status) {
    return Views.of(
        status, status.state() == OperationStatus.State.DONE ? results.json(status) : null);
  }
}
