package dev.banger.proc;

import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The programs of an operation, all that {@link Command} runs for it: each has the operation's id
 * in its environment, so that a later daemon knows them by it, whoever started what.
 */
public final class Programs {
  /** The variable that names the operation. */
  static final String MARK = "BANGER_OPERATION";

  private static final Path PROC = Path.of("/proc");
  private static final Duration GRACE = Duration.ofMillis(200);

  private Programs() {}

  /** From here on programs are run: whoever undoes these steps ends them first. */
  public static void note(Steps steps) throws BangerException, InterruptedException {
    String operation = Journal.OPERATION.orElse("");
    if (!operation.isEmpty()) {
      steps.take(new Step(StepKind.PROGRAMS, steps.owner(), List.of(operation)), () -> {});
    }
  }

  /** Ends all programs of the operation with everything they started. */
  public static void undo(Step step) throws BangerException {
    String mark = MARK + "=" + step.operands().getFirst();
    for (ProcessHandle program : having("environ", mark)) {
      new ProcessTree(program).kill(GRACE);
    }
    if (!having("environ", mark).isEmpty()) {
      throw new BangerException(
          ErrorCode.INTERNAL,
          "programs of the operation " + step.operands().getFirst() + " do not end when killed",
          "they hang in the kernel, perhaps on a disk that does not answer: see `dmesg`");
    }
  }

  /**
   * Processes with these zero-ended words, one after the other, in a file below {@code /proc/PID}.
   */
  static List<ProcessHandle> having(String file, String words) throws BangerException {
    String bytes = new String(words.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    List<ProcessHandle> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (has(process.resolve(file), bytes)) {
          ProcessHandle.of(Long.parseLong(process.getFileName().toString())).ifPresent(found::add);
        }
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot look into " + PROC, "mount /proc", e);
    }
    return found;
  }

  private static boolean has(Path file, String words) {
    try {
      String all = "\0" + Files.readString(file, StandardCharsets.ISO_8859_1) + "\0";
      return all.contains("\0" + words + "\0");
    } catch (IOException e) {
      return false; // it has ended, or is another user's
    }
  }
}
