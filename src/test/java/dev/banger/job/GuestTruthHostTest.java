package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import dev.banger.rpc.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Whatever happens in and to real guests shows as what it is; each VM meets one fate. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GuestTruthHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final Duration SECONDS = Duration.ofSeconds(10);
  private static final int HUNG_SECONDS = 12;

  /** Options of each VM's create. */
  private static final Map<String, List<String>> VMS = new LinkedHashMap<>();

  private static Host host;

  @BeforeAll
  static void createAllAtOnce() throws Exception {
    VMS.put("hung", List.of("--init-mode", "system"));
    VMS.put("off", List.of());
    VMS.put("panic", List.of());
    VMS.put("killed", List.of());
    VMS.put("again", List.of("--restart", "on-failure"));
    VMS.put("paused", List.of());
    VMS.put("idle", List.of("--idle-stop", "5s"));
    VMS.put("orphan", List.of());
    host = Host.open().configure("[vm]\nhang_timeout = 5\n");
    List<Process> creates = new ArrayList<>();
    for (Map.Entry<String, List<String>> vm : VMS.entrySet()) {
      creates.add(host.start(create(vm.getKey(), vm.getValue())));
    }
    for (Process create : creates) {
      Host.await(create, new byte[0]).ok();
    }
  }

  private static String[] create(String name, List<String> options) {
    List<String> command =
        new ArrayList<>(List.of("vm", "create", name, "--start", "--memory", "256M"));
    if (!options.contains("--init-mode")) {
      command.addAll(List.of("--init-mode", "agent"));
    }
    command.addAll(options);
    return command.toArray(String[]::new);
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  private static VmApi.View show(String vm) throws Exception {
    String json = host.banger("vm", "show", vm, "--json").ok().out();
    return Wire.json().type(VmApi.View.class).fromJson(json);
  }

  private static VmApi.View awaitVm(String vm, Duration limit, Predicate<VmApi.View> wanted) {
    return await().atMost(limit).pollInterval(Duration.ofMillis(300)).until(() -> show(vm), wanted);
  }

  private static VmApi.View awaitState(String vm, Duration limit, String state) {
    return awaitVm(vm, limit, view -> view.state().equals(state));
  }

  private static long pid(String vm) throws Exception {
    return Objects.requireNonNull(show(vm).pid());
  }

  private static void signal(long pid, String signal) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor())
        .isZero();
  }

  /** Begins it in the guest, and is gone before it happens. */
  private static void inAMoment(String vm, String line) throws Exception {
    host.banger("vm", "exec", vm, "--", "sh", "-c", "(sleep 1; " + line + ") >/dev/null 2>&1 &")
        .ok();
  }

  @Test
  @Order(1)
  void aGuestThatEndsItselfIsStoppedOrFailedAndSaysWhy() throws Exception {
    inAMoment("off", "echo o > /proc/sysrq-trigger");
    inAMoment("panic", "echo c > /proc/sysrq-trigger");
    assertThat(awaitState("off", LIMIT, "stopped").reason()).contains("powered off");
    assertThat(awaitState("panic", LIMIT, "failed").reason()).contains("panic");
    assertThat(host.banger("vm", "show", "panic").ok().out())
        .contains("console, its last lines:")
        .contains("sysrq triggered crash");
  }

  @Test
  @Order(1)
  void aKilledVmmIsSeenWithinSecondsAndComesUpAgainIfItShall() throws Exception {
    long first = pid("again");
    signal(pid("killed"), "KILL");
    assertThat(awaitState("killed", SECONDS, "failed").reason()).contains("killed").contains("9");
    signal(first, "KILL");
    VmApi.View up =
        awaitVm(
            "again",
            LIMIT,
            vm -> vm.state().equals("running") && !Long.valueOf(first).equals(vm.pid()));
    assertThat(up.policies().restarts()).isEqualTo(1);
    host.banger("vm", "exec", "again", "--", "true").ok();
  }

  @Test
  @Order(1)
  void aStoppedVmmIsPausedAndItsVmStopsQuickly() throws Exception {
    long pid = pid("paused");
    signal(pid, "STOP");
    assertThat(awaitState("paused", SECONDS, "paused").reason()).contains("SIGSTOP");
    signal(pid, "CONT");
    awaitState("paused", SECONDS, "running");
    signal(pid, "STOP");
    long begin = System.nanoTime();
    host.banger("vm", "stop", "paused").ok();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(SECONDS);
    assertThat(show("paused").state()).isEqualTo("stopped");
  }

  @Test
  @Order(1)
  void aSilentAgentIsUnresponsiveUntilItAnswersAgain() throws Exception {
    String agents = "agents=$(grep -lx banger-agent /proc/[0-9]*/comm | cut -d/ -f3)";
    inAMoment(
        "hung", agents + "; kill -STOP $agents; sleep " + HUNG_SECONDS + "; kill -CONT $agents");
    VmApi.View hung = awaitState("hung", LIMIT, "unresponsive");
    assertThat(hung.reason()).contains("not answered");
    assertThat(hung.pid()).isNotNull();
    awaitState("hung", LIMIT, "running");
    host.banger("vm", "exec", "hung", "--", "true").ok();
  }

  /** An init that is asked before it listens is asked again. */
  @Test
  @Order(2)
  void aStopInTheMiddleOfTheSystemsBootIsNotLost() throws Exception {
    host.banger(create("young", List.of("--init-mode", "system"))).ok();
    long begin = System.nanoTime();
    host.banger("vm", "stop", "young", "--timeout", Long.toString(LIMIT.toSeconds())).ok();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LIMIT.dividedBy(2));
  }

  @Test
  @Order(2)
  void policiesEndAVmThatNobodyUsesOrWhoseTimeIsOver() throws Exception {
    host.banger(create("short", List.of("--ttl", "5s"))); // cancelled when it boots for longer
    assertThat(awaitState("idle", LIMIT, "stopped").reason()).contains("nobody used it");
    await()
        .atMost(LIMIT)
        .until(() -> !host.banger("vm", "ls", "--all").ok().out().contains("short"));
    assertThat(host.banger("events").ok().out())
        .contains("its lifetime of 5s is over")
        .contains("nobody used it for 5s");
  }

  @Test
  @Order(3)
  void anEndThatNoDaemonSawIsToldByTheNext() throws Exception {
    long pid = pid("orphan");
    inAMoment("orphan", "sleep 2; echo o > /proc/sysrq-trigger");
    ProcessHandle vmm = ProcessHandle.of(pid).orElseThrow();
    ProcessHandle.of(host.daemonPid()).orElseThrow().destroyForcibly();
    vmm.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    VmApi.View orphan = show("orphan");
    assertThat(orphan.state()).isEqualTo("stopped");
    assertThat(orphan.reason()).contains("powered off");
  }
}
