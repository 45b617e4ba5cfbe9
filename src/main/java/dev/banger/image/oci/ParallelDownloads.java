package dev.banger.image.oci;

import dev.banger.journal.Journal;
import dev.banger.model.BangerException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Several downloads at once. The first failure, or an interrupt, ends all of them. */
final class ParallelDownloads {
  private static final Duration TICK = Duration.ofMillis(200);
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  /** One of them. */
  @FunctionalInterface
  interface Download {
    void run() throws BangerException, InterruptedException;
  }

  private ParallelDownloads() {}

  /**
   * Returns when all have ended well, and no thread is left in any case.
   *
   * @param report called by this thread, now and then and at the end
   */
  static void run(List<Download> downloads, int most, Runnable report)
      throws BangerException, InterruptedException {
    ExecutorService threads =
        Executors.newFixedThreadPool(most, Thread.ofVirtual().name("download-", 0).factory());
    try {
      CompletionService<Void> results = new ExecutorCompletionService<>(threads);
      for (Download download : downloads) {
        Future<Void> _ = results.submit(ofThisOperation(download));
      }
      int left = downloads.size();
      while (left > 0) {
        Future<Void> ended = results.poll(TICK.toMillis(), TimeUnit.MILLISECONDS);
        if (ended != null) {
          ended.get();
          left--;
        }
        report.run();
      }
    } catch (ExecutionException e) {
      throw unwrapped(e);
    } finally {
      threads.shutdownNow();
      awaitEnd(threads);
    }
  }

  /** What it runs (credential helpers) is marked as the operation's. */
  private static Callable<Void> ofThisOperation(Download download) {
    String operation = Journal.OPERATION.orElse("");
    return () -> {
      if (operation.isEmpty()) {
        download.run();
        return null;
      }
      return ScopedValue.where(Journal.OPERATION, operation)
          .call(() -> {
            download.run();
            return null;
          });
    };
  }

  /** They let go of their files before somebody continues them. */
  private static void awaitEnd(ExecutorService threads) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + END_LIMIT.toNanos();
    while (!threads.isTerminated() && System.nanoTime() - deadline < 0) {
      try {
        if (threads.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static BangerException unwrapped(ExecutionException e) throws InterruptedException {
    return switch (e.getCause()) {
      case BangerException failure -> failure;
      case InterruptedException _ -> throw new InterruptedException("while layers were downloaded");
      case RuntimeException mistake -> throw mistake;
      case Error mistake -> throw mistake;
      case null, default -> throw new IllegalStateException(e);
    };
  }
}
