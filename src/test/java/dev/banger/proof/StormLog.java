package dev.banger.proof;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What was done in a storm, and what was found wrong. */
final class StormLog {
  private static final int MOST = 200;

  private final ConcurrentLinkedQueue<String> lies = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> history = new ConcurrentLinkedQueue<>();
  private final AtomicInteger operations = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicInteger kills = new AtomicInteger();
  private final AtomicInteger events = new AtomicInteger();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicLong slowest = new AtomicLong();
  private final long begin = System.nanoTime();

  void did(String vm, String what) {
    operations.incrementAndGet();
    note(vm, what);
  }

  void note(String vm, String what) {
    history.add("%8d %s %s".formatted(milliseconds(), vm, what));
  }

  void lost() {
    lost.incrementAndGet();
  }

  private long milliseconds() {
    return (System.nanoTime() - begin) / 1_000_000;
  }

  /** Something that is not so; with what was done to that VM last. */
  void lie(String vm, String what) {
    List<String> last = history.stream().filter(line -> line.contains(" " + vm + " ")).toList();
    lies.add(
        "%d ms %s: %s%n    %s"
            .formatted(
                milliseconds(),
                vm,
                what,
                String.join("\n    ", last.subList(Math.max(0, last.size() - 12), last.size()))));
  }

  /** The daemon was killed, and this long after a list was asked for it was right. */
  void killed(Duration untilRight) {
    kills.incrementAndGet();
    slowest.accumulateAndGet(untilRight.toMillis(), Math::max);
  }

  /** So many events and answers were held against each other. */
  void replayed(int toldEvents, int toldAnswers) {
    events.set(toldEvents);
    answers.set(toldAnswers);
  }

  int operations() {
    return operations.get();
  }

  int kills() {
    return kills.get();
  }

  List<String> lies() {
    return lies.stream().limit(MOST).toList();
  }

  String summary(StormSettings settings, int leaks) {
    return "storm: seed=%d clients=%d vms=%d seconds=%d operations=%d cut-off=%d kills=%d right-after-kill=%dms events=%d answers=%d lies=%d leaks=%d"
        .formatted(
            settings.seed(),
            settings.clients(),
            settings.owned() + settings.contended(),
            milliseconds() / 1000,
            operations.get(),
            lost.get(),
            kills.get(),
            slowest.get(),
            events.get(),
            answers.get(),
            lies.size(),
            leaks);
  }
}
