package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DaemonApi;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One daemon that is made to die, or whose operation is cancelled, at any moment of any step that a
 * scenario takes; after each the host must be as if it had been done or never begun.
 */
final class PointRuns implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** A process that was killed is gone a moment later. */
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private static final long PAUSE_MILLIS = 10;

  /** What happens at a point. */
  enum Action {
    KILL,
    CANCEL
  }

  /** The N-th moment of a scenario; the name is for people. */
  record Point(PointScenario scenario, Action action, int number, String name) {
    @Override
    public String toString() {
      return scenario + " " + action + " at " + number + " (" + name + ")";
    }
  }

  private final TestDaemon daemon;
  private final Path control;
  private final Set<String> before = new HashSet<>();

  PointRuns(TestDaemon daemon) throws Exception {
    this.daemon = daemon;
    this.control = Files.createDirectories(daemon.home().resolve("points"));
    daemon.property("banger.test.points", control.toString());
    daemon.start();
    awaitRecovery();
    try (TestClient client = daemon.client()) { // makes what is made once, and counted nowhere
      PointScenario.CREATE_AND_START.act(client);
    }
    cleanUp();
  }

  /** With real guests, nothing that pulls images: that takes a minute each, and no guest. */
  boolean canRun(PointScenario scenario) {
    return !scenario.changesImages()
        || scenario.needsGuest()
        || !Files.isSymbolicLink(daemon.directories().kernels());
  }

  /** Runs the scenario once and lists all moments of steps that it passes. */
  List<Point> record(PointScenario scenario) throws Exception {
    prepare(scenario);
    Files.deleteIfExists(passed());
    try (TestClient client = daemon.client()) {
      scenario.act(client);
    }
    List<Point> points = new ArrayList<>();
    for (String line : Files.readAllLines(passed())) {
      points.add(new Point(scenario, Action.KILL, points.size() + 1, line));
    }
    if (scenario.isCancelled()) {
      for (Point point : List.copyOf(points)) {
        points.add(new Point(scenario, Action.CANCEL, point.number(), point.name()));
      }
    }
    try (TestClient client = daemon.client()) { // takes steps of its own
      scenario.check(client, true);
    }
    cleanUp();
    return points;
  }

  private Path passed() {
    return control.resolve("passed");
  }

  private Path armed() {
    return control.resolve("armed");
  }

  private void prepare(PointScenario scenario) throws Exception {
    try (TestClient client = daemon.client()) {
      scenario.prepare(client, daemon);
    }
  }

  /** Throws when anything is not as it must be. */
  void run(Point point) throws Exception {
    prepare(point.scenario());
    before.clear();
    daemon.operations().forEach(operation -> before.add(operation.operation()));
    arm(point);
    Optional<BangerException> failure = act(point.scenario());
    if (point.action() == Action.KILL) {
      assertThat(daemon.awaitEnd(LIMIT)).as("%s: the daemon's end", point).isTrue();
      daemon.start();
      awaitRecovery();
    }
    assertThat(armed()).as("%s was not passed", point).doesNotExist();
    assertThat(Invariants.settle(daemon, SETTLED)).as("%s", point).isEmpty();
    checkOperation(point, failure.orElse(null));
    if (point.scenario().changesSettings()) {
      checkChange(point, failure);
    }
    checkVm(point, failure.isEmpty());
    try (TestClient client = daemon.client()) {
      point.scenario().check(client, failure.isEmpty());
    }
    cleanUp();
  }

  /** Until a daemon that was just started has dealt with what the one before it left. */
  private void awaitRecovery() throws Exception {
    long until = System.nanoTime() + LIMIT.toNanos();
    try (TestClient client = daemon.client()) {
      while (!client.call(DaemonApi.STATUS, new DaemonApi.Nothing()).recovered()) {
        if (System.nanoTime() > until) {
          throw new AssertionError("the daemon does not recover:\n" + daemon.said());
        }
        Thread.sleep(PAUSE_MILLIS); // there is no event for it
      }
    }
  }

  private void arm(Point point) throws IOException {
    Path beside = control.resolve("arming");
    Files.writeString(
        beside, (point.action() == Action.KILL ? "kill " : "cancel ") + point.number());
    Files.move(beside, armed());
  }

  private Optional<BangerException> act(PointScenario scenario) throws Exception {
    try (TestClient client = daemon.client()) {
      scenario.act(client);
      return Optional.empty();
    } catch (BangerException e) {
      return Optional.of(e);
    }
  }

  private void checkOperation(Point point, @Nullable BangerException failure) throws Exception {
    if (point.scenario().operation().isEmpty()) {
      return;
    }
    Optional<OperationApi.Status> begun =
        daemon.operations().stream()
            .filter(o -> o.type().equals(point.scenario().operation()))
            .filter(o -> !before.contains(o.operation()))
            .findFirst();
    if (begun.isEmpty()) { // a VM's name is taken before its operation begins
      assertThat(point.name()).as("%s began no operation", point).endsWith("VM_RECORD");
      return;
    }
    OperationApi.Status newest = begun.get();
    if (point.action() == Action.KILL) {
      assertThat(newest.state()).as("%s", point).isEqualTo(OperationApi.INTERRUPTED);
      assertThat(String.valueOf(newest.error())).as("%s", point).contains("begin again");
    } else {
      assertThat(newest.state())
          .as("%s: %s", point, newest)
          .isIn(OperationApi.CANCELLED, OperationApi.DONE);
      assertThat(newest.state().equals(OperationApi.DONE))
          .as("%s", point)
          .isEqualTo(failure == null);
      assertThat(newest.toString()).as("%s", point).doesNotContainIgnoringCase("InterruptedExc");
    }
  }

  /** It is whole, which is to say that it starts and works, or gone. */
  private void checkVm(Point point, boolean done) throws Exception {
    Optional<VmApi.View> vm = daemon.vm(PointScenario.VM);
    switch (point.scenario().afterwards(done)) {
      case GONE -> assertThat(vm).as("%s", point).isEmpty();
      case GONE_OR_WHOLE -> {}
      case WHOLE -> assertThat(vm).as("%s", point).isPresent();
    }
    if (vm.isEmpty()) {
      return;
    }
    try (TestClient client = daemon.client()) {
      if (!vm.get().state().equals("running")) {
        client.start(PointScenario.VM);
      }
    }
    try (TestClient client = daemon.client()) {
      assertThat(client.exec(PointScenario.VM, "sh", "-c", "echo whole").output())
          .as("%s", point)
          .isEqualTo("whole\n");
    }
  }

  /** All of it is there or nothing, as was answered; the disks are good before the next start. */
  private void checkChange(Point point, Optional<BangerException> failure) throws Exception {
    VmApi.View vm = daemon.vm(PointScenario.VM).orElseThrow();
    boolean made = PointChange.isMade(vm);
    boolean call = point.scenario().operation().isEmpty();
    if (call && (point.action() == Action.CANCEL || failure.isEmpty())) {
      assertThat(made).as("%s answered %s", point, failure).isEqualTo(failure.isEmpty());
    }
    try (TestClient client = daemon.client()) {
      client.stop(PointScenario.VM, false);
      boolean ran = point.scenario() == PointScenario.START_LARGER && failure.isEmpty();
      PointChange.requireDisks(daemon, vm, ran);
      client.start(PointScenario.VM);
      client.stop(PointScenario.VM, false);
    }
    PointChange.requireDisks(daemon, daemon.vm(PointScenario.VM).orElseThrow(), true);
  }

  private void cleanUp() throws Exception {
    try (TestClient client = daemon.client()) {
      for (VmApi.View vm : client.list()) {
        client.delete(vm.id(), true);
      }
    }
  }

  String said() throws IOException {
    return daemon.said();
  }

  @Override
  public void close() throws IOException {
    daemon.close();
  }
}
