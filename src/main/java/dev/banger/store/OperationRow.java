package dev.banger.store;

import java.time.Instant;
import java.util.Optional;

/** One long operation as it was last written down. */
public record OperationRow(
    String id,
    String kind,
    String subject,
    State state,
    Optional<String> key,
    Instant begun,
    Optional<Instant> ended,
    String stages,
    String errorCode,
    String error,
    String errorCause,
    String errorHint,
    String result) {

  /** RUNNING until it has ended in one of the other ways. */
  public enum State {
    RUNNING,
    DONE,
    FAILED,
    CANCELLED,
    INTERRUPTED
  }
}
