package dev.banger.proof;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Clients that ask for everything at random, a daemon that is killed meanwhile, and a look at every
 * answer: what was said to be done is there, what was refused has changed nothing, what was cut off
 * is whole or gone, and in the end nothing is left that belongs to nobody.
 */
final class Storm {
  /** After a kill, a list must be right within this. */
  private static final Duration RIGHT = Duration.ofSeconds(5);

  private static final Duration SETTLED = Duration.ofSeconds(20);
  private static final Duration CLIENTS_END = Duration.ofMinutes(3);

  /** Descriptors that the JVM itself may have opened meanwhile. */
  private static final int SPARE_DESCRIPTORS = 12;

  private final TestDaemon daemon;
  private final StormSettings settings;
  private final StormLog log = new StormLog();
  private final Gate gate = new Gate();
  private final StormEvents events;
  private final List<OwnedVm> owned;
  private final List<StormClient> clients = new ArrayList<>();
  private final Random random;

  /** What came of it. */
  record Report(String summary, List<String> lies, List<String> leaks, int operations, int kills) {}

  Storm(TestDaemon daemon, StormSettings settings) {
    this.daemon = daemon;
    this.settings = settings;
    this.random = new Random(settings.seed());
    this.events = new StormEvents(daemon, log);
    this.owned =
        IntStream.range(0, settings.owned()).mapToObj(i -> new OwnedVm("own-" + i, log)).toList();
    List<String> contended =
        IntStream.range(0, settings.contended()).mapToObj(i -> "all-" + i).toList();
    for (int number = 0; number < settings.clients(); number++) {
      int mine = number;
      List<OwnedVm> part =
          IntStream.range(0, owned.size())
              .filter(i -> i % settings.clients() == mine)
              .mapToObj(owned::get)
              .toList();
      clients.add(new StormClient(number, daemon, settings, log, gate, events, part, contended));
    }
  }

  /** The daemon runs, and runs again afterwards, without a VM. */
  Report run() throws Exception {
    events.begin();
    List<Thread> threads = new ArrayList<>();
    for (StormClient client : clients) {
      threads.add(Thread.ofPlatform().name("storm-client").start(client));
    }
    Duration pause = settings.duration().dividedBy(settings.kills() + 1);
    for (int kill = 0; kill < settings.kills(); kill++) {
      Thread.sleep(pause.toMillis() / 2 + random.nextLong(pause.toMillis())); // it blows
      killAndLook();
    }
    Thread.sleep(pause.dividedBy(2).toMillis());
    clients.forEach(StormClient::end);
    for (Thread thread : threads) {
      if (!thread.join(CLIENTS_END)) {
        log.lie(thread.getName(), "has waited for an answer for " + CLIENTS_END);
        thread.interrupt();
      }
    }
    List<String> leaks = aftermath();
    return new Report(
        log.summary(settings, leaks.size()), log.lies(), leaks, log.operations(), log.kills());
  }

  private void killAndLook() throws Exception {
    gate.close();
    daemon.kill();
    gate.awaitEmpty();
    owned.forEach(vm -> log.note(vm.name(), "the daemon was killed"));
    long begin = System.nanoTime();
    daemon.startAsUsersDo();
    Duration listed = Duration.ofNanos(System.nanoTime() - begin);
    List<String> wrong = wrong();
    while (!wrong.isEmpty() && System.nanoTime() - begin < RIGHT.toNanos()) {
      Thread.sleep(20); // looked at again until the limit
      wrong = wrong();
    }
    Duration right = Duration.ofNanos(System.nanoTime() - begin);
    wrong.forEach(
        line -> log.lie("list", line + ", " + RIGHT.toSeconds() + " s after it was asked"));
    if (right.compareTo(RIGHT) > 0) {
      log.lie(
          "list",
          "came after %d ms, right after %d".formatted(listed.toMillis(), right.toMillis()));
    }
    log.killed(right);
    events.keep();
    gate.open();
  }

  private List<String> wrong() throws Exception {
    List<VmApi.View> all = daemon.vms();
    return owned.stream()
        .filter(vm -> !vm.judge(all).isEmpty())
        .map(vm -> vm.name() + " " + vm.judge(all))
        .toList();
  }

  /** What is left when all is quiet, and when every VM is deleted. */
  private List<String> aftermath() throws Exception {
    List<String> leaks = new ArrayList<>(Invariants.settle(daemon, SETTLED));
    try (TestClient client = daemon.client()) {
      owned.forEach(vm -> settle(vm, client));
      events.quiet(client.list());
      for (VmApi.View vm : client.list()) {
        client.delete(vm.id(), true);
      }
      if (!client.list().isEmpty()) {
        leaks.add("VMs that were deleted: " + client.list());
      }
    }
    leaks.addAll(Invariants.settle(daemon, SETTLED));
    events.end();
    int after = descriptors();
    daemon.stop();
    daemon.start();
    int fresh = descriptors();
    if (after > fresh + SPARE_DESCRIPTORS) {
      leaks.add("descriptors of the daemon: " + after + ", a fresh one has " + fresh);
    }
    return leaks;
  }

  private static void settle(OwnedVm vm, TestClient client) {
    try {
      vm.settle(client.list());
    } catch (BangerException e) {
      throw new AssertionError(e);
    }
  }

  private int descriptors() throws Exception {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + daemon.pid() + "/fd"))) {
      return (int) all.count();
    }
  }
}
