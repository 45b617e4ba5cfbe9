package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.proof.PointRuns.Action;
import dev.banger.proof.PointRuns.Point;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The daemon dies by SIGKILL, or its operation is cancelled, right before and right after each step
 * that leaves something on the host. The points are those that the operations really pass, so a new
 * step cannot be forgotten.
 */
@Timeout(3600)
class CrashPointsHostTest {
  private static final int DAEMONS = 2;
  private static final int SAMPLE = 20;

  @FunctionalInterface
  private interface Daemons {
    TestDaemon make() throws Exception;
  }

  @Test
  void atEveryPointEachVmIsWholeOrGoneAndNothingIsLeft() throws Exception {
    List<Point> points = record(TestDaemon::ofBridgedFakes, _ -> true);
    run(TestDaemon::ofBridgedFakes, points.reversed(), DAEMONS);
    tell("passed, VMs that are processes", points);
  }

  /** The seed is printed; {@code -Dbanger.test.seed} takes it again. */
  @Test
  void atSomePointsSoIsItWithRealGuests() throws Exception {
    long seed = Long.getLong("banger.test.seed", System.nanoTime());
    System.err.println("crash points with QEMU: -Dbanger.test.seed=" + seed);
    List<Point> points = record(TestDaemon::ofGuests, scenario -> !scenario.changesImages());
    Collections.shuffle(points, new Random(seed));
    List<Point> sample = points.subList(0, Math.min(SAMPLE, points.size()));
    run(TestDaemon::ofGuests, sample, 1);
    tell("passed on QEMU, seed " + seed, sample);
  }

  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void atEveryPointSoIsItWithRealGuests() throws Exception {
    List<Point> points = record(TestDaemon::ofGuests, _ -> true);
    run(TestDaemon::ofGuests, points, 1);
    tell("passed on QEMU", points);
  }

  private static List<Point> record(Daemons daemons, Predicate<PointScenario> wanted)
      throws Exception {
    List<Point> points = new ArrayList<>();
    try (PointRuns runs = new PointRuns(daemons.make())) {
      for (PointScenario scenario : PointScenario.values()) {
        if (wanted.test(scenario) && chosen(scenario) && runs.canRun(scenario)) {
          points.addAll(runs.record(scenario));
        }
      }
    }
    assertThat(points).hasSizeGreaterThan(SAMPLE);
    tell("recorded", points);
    return points;
  }

  /** {@code -Dbanger.test.scenarios=REGEX} leaves the others out. */
  private static boolean chosen(PointScenario scenario) {
    return scenario.name().matches(System.getProperty("banger.test.scenarios", ".*"));
  }

  private static void run(Daemons daemons, List<Point> points, int atOnce) throws Exception {
    Queue<Point> left = new ConcurrentLinkedQueue<>(points);
    try (ExecutorService workers = Executors.newFixedThreadPool(atOnce)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < atOnce; i++) {
        all.add(workers.submit(() -> work(daemons, left)));
      }
      for (Future<?> worker : all) {
        worker.get();
      }
    }
  }

  private static Void work(Daemons daemons, Queue<Point> left) throws Exception {
    try (PointRuns runs = new PointRuns(daemons.make())) {
      for (Point next = left.poll(); next != null; next = left.poll()) {
        try {
          runs.run(next);
        } catch (Exception | AssertionError e) {
          left.clear();
          throw new AssertionError(next + " failed; the daemon said:\n" + runs.said(), e);
        }
      }
    }
    return null;
  }

  private static void tell(String where, List<Point> points) {
    long kills = points.stream().filter(p -> p.action() == Action.KILL).count();
    System.err.printf("points %s: %d crashes, %d cancels%n", where, kills, points.size() - kills);
  }
}
