package dev.banger.ops;

import dev.banger.model.BangerException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How far an operation is, at one moment.
 *
 * @param version grows with every change; see {@link Operations#await}
 * @param done bytes of the current stage, of {@code total}; total is -1 when unknown
 * @param stages the stages that have ended, in their order
 */
public record OperationStatus(
    String id,
    String kind,
    String subject,
    State state,
    long version,
    String stage,
    long done,
    long total,
    List<Stage> stages,
    Instant begun,
    Optional<Instant> ended,
    String result,
    Optional<BangerException> error) {

  /** RUNNING until it has ended in one of the other ways. */
  public enum State {
    RUNNING,
    DONE,
    FAILED,
    CANCELLED,
    /** Its daemon died. */
    INTERRUPTED
  }

  /** A stage that has ended. */
  public record Stage(String name, Duration took) {}

  public OperationStatus {
    stages = List.copyOf(stages);
  }
}
