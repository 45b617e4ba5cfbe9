package dev.banger.journal;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Something left on the host, with all that is needed to undo it.
 *
 * @param owner whose it is: a VM's id, or what else only one thread works on at a time
 * @param operands what the undoer of this kind must know; no line breaks
 */
public record Step(StepKind kind, String owner, List<String> operands) {
  public Step {
    operands = List.copyOf(operands);
    for (String operand : operands) {
      if (operand.indexOf('\n') >= 0) {
        throw new IllegalArgumentException(kind + " with a line break in '" + operand + "'");
      }
    }
  }

  public static Step of(StepKind kind, String owner, Path... places) {
    return new Step(
        kind, owner, Arrays.stream(places).map(p -> p.toAbsolutePath().toString()).toList());
  }

  public Path path(int operand) {
    return Path.of(operands.get(operand));
  }

  /** {@code GUEST_MEMORY of 0123456789ab}. */
  @Override
  public String toString() {
    return kind + " of " + owner;
  }
}
