package dev.banger.ops;

import dev.banger.journal.Journal;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.ops.OperationStatus.State;
import dev.banger.store.OperationRow;
import dev.banger.store.OperationTable;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Every long operation there is, of any kind. Each runs on a virtual thread of its own; cancel is
 * an interrupt of it. Ended ones stay readable for an hour, {@value #KEPT} at most.
 */
public final class Operations {
  private static final int KEPT = 200;
  private static final int RUNNING_LIMIT = 256;
  private static final Duration KEPT_FOR = Duration.ofHours(1);
  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

  /** The work; what it returns is the operation's result, a text for programs (an id, a name). */
  @FunctionalInterface
  public interface Body {
    String run(Progress progress) throws BangerException, InterruptedException;
  }

  private final OperationTable table;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  /** Ends that a full disk did not take: they are written down with the next one. */
  private final ConcurrentMap<String, OperationStatus> unwritten = new ConcurrentHashMap<>();

  private final ConcurrentMap<String, Operation> operations = new ConcurrentHashMap<>();
  private final LeafLock beginning = new LeafLock("beginning operations");
  private final List<String> interrupted = new ArrayList<>();

  /** What a daemon before this one left running was interrupted by its end. */
  public Operations(OperationTable table, Clock clock) throws BangerException {
    this.table = table;
    this.clock = clock;
    for (OperationRow row : table.newest(Integer.MAX_VALUE)) {
      if (row.state() == OperationRow.State.RUNNING) {
        OperationRow ended = interrupted(row, "what it had made is being removed");
        table.end(ended);
        interrupted.add(row.id());
        operations.put(row.id(), Operation.ended(status(ended), clock));
      } else {
        operations.put(row.id(), Operation.ended(status(row), clock));
      }
    }
    prune();
  }

  /**
   * Begins; returns the id at once. With a key that an operation had before, nothing begins and
   * that operation's id is returned.
   */
  public String begin(String kind, String subject, Optional<String> key, Body body)
      throws BangerException {
    refuseTooMany(kind);
    byte[] bytes = new byte[8];
    random.nextBytes(bytes);
    Operation operation = new Operation(HexFormat.of().formatHex(bytes), kind, subject, clock);
    Optional<String> known = enter(operation, key);
    if (known.isPresent()) {
      return known.get();
    }
    Thread.ofVirtual()
        .name(kind + " " + subject)
        .start(() ->
            ScopedValue.where(Journal.OPERATION, operation.id()).run(() -> run(operation, body)));
    return operation.id();
  }

  /** In one piece: who is told of an operation by its key finds it. */
  private Optional<String> enter(Operation operation, Optional<String> key) throws BangerException {
    OperationRow row = row(operation.status(), key);
    beginning.lock();
    try {
      Optional<String> known = table.insertUnlessKeyKnown(row);
      if (known.isEmpty()) {
        operations.put(operation.id(), operation);
      }
      return known;
    } finally {
      beginning.unlock();
    }
  }

  private void refuseTooMany(String kind) throws BangerException {
    long running =
        operations.values().stream().filter(o -> o.status().state() == State.RUNNING).count();
    if (running >= RUNNING_LIMIT) {
      throw new BangerException(
          ErrorCode.NO_SPACE,
          "cannot begin " + kind + ": " + running + " operations are running",
          "wait for some to end, or cancel them");
    }
  }

  private void run(Operation operation, Body body) {
    operation.runsOn(Thread.currentThread());
    State state = State.FAILED;
    String result = "";
    BangerException error = null;
    try {
      result = body.run(operation);
      state = State.DONE;
    } catch (BangerException e) {
      state = operation.cancelAsked() ? State.CANCELLED : State.FAILED;
      error = operation.cancelAsked() ? cancelled(operation, e) : e;
    } catch (InterruptedException e) {
      state = State.CANCELLED;
      error = cancelled(operation, e);
    } catch (RuntimeException | Error e) {
      LOG.error("operation " + operation.id() + " broke", e);
      error = new BangerException(ErrorCode.INTERNAL, "the operation broke", "see the log", e);
    }
    Thread.interrupted(); // what follows must be written down, asked to end or not
    end(operation, state, result, error);
  }

  /** How it broke off is of no interest, unless something was left behind. */
  private static BangerException cancelled(Operation operation, Exception how) {
    LOG.debug("operation {} was cancelled", operation.id(), how);
    Throwable[] undoing = how.getSuppressed();
    OperationStatus status = operation.status();
    return new BangerException(
        ErrorCode.CANCELLED,
        status.kind() + " of " + status.subject() + " was cancelled",
        undoing.length == 0
            ? "what it had made was removed"
            : "not all that it had made could be removed yet: see `banger daemon status`",
        undoing.length == 0 ? null : undoing[0]);
  }

  private void end(
      Operation operation, State state, String result, @Nullable BangerException error) {
    OperationStatus status = operation.ending(state, result, error);
    LOG.atLevel(error == null || state == State.CANCELLED ? Level.INFO : Level.WARN)
        .log(
            "operation={} kind={} subject={} state={} stages={}{}",
            status.id(),
            status.kind(),
            status.subject(),
            state,
            stages(status).replace('\n', ','),
            error == null ? "" : " error=" + error.getMessage() + ": " + error.reason());
    unwritten.put(status.id(), status);
    try {
      for (OperationStatus each : unwritten.values()) {
        table.end(row(each, Optional.empty()));
        unwritten.remove(each.id());
      }
      prune();
    } catch (BangerException | RuntimeException e) {
      LOG.warn("cannot write down the end of {}", status.id(), e);
    } finally {
      operation.end(status); // last: who waits for the end finds it written down
    }
  }

  public OperationStatus status(String id) throws BangerException {
    return find(id).status();
  }

  /**
   * Returns when there is something newer than {@code seenVersion}, at its end, or at the limit.
   */
  public OperationStatus await(String id, long seenVersion, Duration limit)
      throws BangerException, InterruptedException {
    return find(id).await(seenVersion, limit);
  }

  /** Waits for the end, whatever it is. */
  public OperationStatus awaitEnd(String id) throws BangerException, InterruptedException {
    return find(id).awaitEnd();
  }

  /** The operation that was begun with this key. */
  public Optional<String> byKey(String key) throws BangerException {
    return table.idOf(key).filter(operations::containsKey);
  }

  /** Asks all running ones that match to end and undo. Returns at once. */
  public void cancelAll(Predicate<OperationStatus> which) {
    for (Operation operation : operations.values()) {
      if (which.test(operation.status())) {
        operation.cancel();
      }
    }
  }

  /** Asks it to end and undo; false when it has ended already. Returns at once. */
  public boolean cancel(String id) throws BangerException {
    return find(id).cancel();
  }

  /** Newest first. */
  public List<OperationStatus> all() {
    return operations.values().stream()
        .map(Operation::status)
        .sorted(Comparator.comparing(OperationStatus::begun).reversed())
        .toList();
  }

  /** Cancels all and waits for their ends: the daemon stops. */
  public void close(Duration limit) throws InterruptedException {
    cancelAll(_ -> true);
    long until = System.nanoTime() + limit.toNanos();
    for (Operation operation : operations.values()) {
      OperationStatus now = operation.status();
      while (now.state() == State.RUNNING && System.nanoTime() < until) {
        now = operation.await(now.version(), Duration.ofNanos(until - System.nanoTime()));
      }
    }
  }

  private Operation find(String id) throws BangerException {
    Operation operation = operations.get(id);
    if (operation == null) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "there is no operation " + id,
          "ended ones are kept for an hour; `banger` lists running ones with operation.list");
    }
    return operation;
  }

  /**
   * Operations that an earlier daemon left running: what was undone of each, by operation. Call it
   * once, when nothing of theirs is left.
   */
  public void interruptedAndUndone(Map<String, List<String>> undone) throws BangerException {
    for (OperationRow row : table.newest(Integer.MAX_VALUE)) {
      if (interrupted.contains(row.id()) && operations.containsKey(row.id())) {
        OperationRow ended =
            interrupted(
                row,
                undone.containsKey(row.id())
                    ? "removed: " + String.join(", ", undone.get(row.id())) + "; begin again"
                    : "it had left nothing half made; look at what there is, and begin again");
        table.end(ended);
        operations.put(row.id(), Operation.ended(status(ended), clock));
      }
    }
  }

  private void prune() throws BangerException {
    var limit = clock.instant().minus(KEPT_FOR);
    table.prune(limit, KEPT);
    List<OperationStatus> ended = all().stream().filter(s -> s.state() != State.RUNNING).toList();
    for (int i = 0; i < ended.size(); i++) {
      if (i >= KEPT || ended.get(i).ended().orElse(limit).isBefore(limit)) {
        operations.remove(ended.get(i).id());
      }
    }
  }

  private static String stages(OperationStatus status) {
    return status.stages().stream()
        .map(s -> s.name() + "=" + s.took().toMillis())
        .collect(Collectors.joining("\n"));
  }

  private static OperationRow row(OperationStatus s, Optional<String> key) {
    return new OperationRow(
        s.id(),
        s.kind(),
        s.subject(),
        OperationRow.State.valueOf(s.state().name()),
        key,
        s.begun(),
        s.ended(),
        stages(s),
        s.error().map(e -> e.code().name()).orElse(""),
        s.error().map(Throwable::getMessage).orElse(""),
        s.error().map(BangerException::reason).orElse(""),
        s.error().map(BangerException::hint).orElse(""),
        s.result());
  }

  private static OperationStatus status(OperationRow row) {
    List<OperationStatus.Stage> stages =
        row.stages()
            .lines()
            .map(line -> line.split("="))
            .filter(pair -> pair.length == 2)
            .map(pair ->
                new OperationStatus.Stage(pair[0], Duration.ofMillis(Long.parseLong(pair[1]))))
            .toList();
    Optional<BangerException> error =
        row.error().isEmpty()
            ? Optional.empty()
            : Optional.of(
                new BangerException(
                    ErrorCode.valueOf(row.errorCode()),
                    row.error(),
                    row.errorHint(),
                    row.errorCause().isEmpty()
                        ? null
                        : new IllegalStateException(row.errorCause())));
    return new OperationStatus(
        row.id(),
        row.kind(),
        row.subject(),
        State.valueOf(row.state().name()),
        1,
        "",
        0,
        -1,
        stages,
        row.begun(),
        row.ended(),
        row.result(),
        error);
  }

  private OperationRow interrupted(OperationRow row, String hint) {
    return new OperationRow(
        row.id(),
        row.kind(),
        row.subject(),
        OperationRow.State.INTERRUPTED,
        row.key(),
        row.begun(),
        Optional.of(row.ended().orElse(clock.instant())),
        row.stages(),
        ErrorCode.INTERRUPTED.name(),
        row.kind() + " of " + row.subject() + " was interrupted: the daemon ended",
        "",
        hint,
        "");
  }
}
