package dev.banger.daemon;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepObserver;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.ops.Operations;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.Signal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * For tests only: dies, or cancels the operation at work, at a chosen moment of a chosen step. The
 * directory that {@value #PROPERTY} names gets a line in {@code passed} for each moment; a file
 * {@code armed} in it says {@code kill N} or {@code cancel N}, where N counts moments from then on.
 */
final class TestPoints implements StepObserver {
  /** The system property; without it nothing is observed. */
  static final String PROPERTY = "banger.test.points";

  private final Path directory;
  private final LeafLock lock = new LeafLock("test points");
  private volatile @Nullable Operations operations;

  @GuardedBy("lock")
  private String armed = "";

  @GuardedBy("lock")
  private int count;

  private TestPoints(Path directory) {
    this.directory = directory;
  }

  static StepObserver observer() {
    String directory = System.getProperty(PROPERTY);
    return directory == null ? (_, _) -> {} : new TestPoints(Path.of(directory));
  }

  /** Whose operations are cancelled. */
  static void cancels(StepObserver observer, Operations operations) {
    if (observer instanceof TestPoints points) {
      points.operations = operations;
    }
  }

  @Override
  public void at(Moment moment, Step step) {
    String action;
    lock.lock();
    try {
      Files.writeString(
          directory.resolve("passed"),
          moment + " " + step.kind() + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      action = action();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
    try {
      if (action.equals("kill")) {
        die();
      } else if (action.equals("cancel")) {
        cancel();
      }
    } catch (BangerException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What is to be done now; empty: nothing. */
  @GuardedBy("lock")
  private String action() throws IOException {
    Path file = directory.resolve("armed");
    if (!Files.exists(file)) {
      armed = "";
      return "";
    }
    String now = Files.readString(file).strip();
    if (!now.equals(armed)) {
      armed = now;
      count = 0;
    }
    int space = now.indexOf(' ');
    if (++count != Integer.parseInt(now.substring(space + 1))) {
      return "";
    }
    Files.delete(file);
    return now.substring(0, space);
  }

  private static void die() throws BangerException, InterruptedException {
    ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
    PidWatcher.signal(self, Signal.KILL);
    new CountDownLatch(1).await();
  }

  /** A call that is no operation is cancelled by {@code $/cancel}, which interrupts its thread. */
  private void cancel() throws BangerException {
    Operations all = operations;
    if (all != null && Journal.OPERATION.isBound()) {
      all.cancel(Journal.OPERATION.get());
    } else {
      Thread.currentThread().interrupt();
    }
  }
}
