package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import dev.banger.model.VmId;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever happens to a VM shows as what it is, within seconds; and policies act on it. */
class TruthHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final long QUICK_NANOS = 4_000_000_000L;

  private TestDaemon daemon;
  private TestClient client;

  @BeforeEach
  void open() throws Exception {
    daemon = TestDaemon.ofFakes();
    Path config = daemon.home().resolve("config.toml");
    Files.writeString(config, Files.readString(config).replace("[vm]", "[vm]\nhang_timeout = 3"));
    daemon.start();
    client = daemon.client();
  }

  @AfterEach
  void close() throws Exception {
    client.close();
    daemon.close();
  }

  private void create(String name, Map<String, Object> more) throws Exception {
    Map<String, Object> wish = TestClient.wish(name, true);
    wish.putAll(more);
    client.await(client.beginCreate(wish).operation());
  }

  /** A line on the control socket of the process that stands for QEMU. */
  private void tell(String vm, String line) throws Exception {
    tell(socket(vm), line);
  }

  private Path socket(String vm) throws Exception {
    return daemon.directories().vmRun(new VmId(client.show(vm).id())).resolve("vmm.sock");
  }

  private static void tell(Path socket, String line) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }
  }

  private long pid(String vm) throws Exception {
    return Optional.ofNullable(client.show(vm).pid()).orElseThrow();
  }

  /** It runs, but under another VMM than that one. */
  private static boolean other(VmApi.View vm, long pid) {
    Long now = vm.pid();
    return now != null && now != pid;
  }

  private static void signal(long pid, String signal) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor())
        .isZero();
  }

  private VmApi.View awaitVm(String vm, Predicate<VmApi.View> wanted) {
    return await().atMost(LIMIT).until(() -> client.show(vm), wanted);
  }

  private VmApi.View awaitState(String vm, String state) {
    return awaitVm(vm, view -> view.state().equals(state));
  }

  @Test
  void everyEndShowsAsWhatItWas() throws Exception {
    for (String vm : List.of("off", "panic", "killed", "reboot")) {
      create(vm, Map.of());
    }
    long rebooting = pid("reboot");
    tell("off", "poweroff");
    tell("panic", "panic");
    signal(pid("killed"), "KILL");
    tell("reboot", "reboot");
    assertThat(awaitState("off", "stopped").reason()).contains("powered off");
    assertThat(awaitState("panic", "failed").reason()).contains("Kernel panic");
    VmApi.View killed = awaitState("killed", "failed");
    assertThat(killed.reason()).contains("killed");
    assertThat(killed.since()).isGreaterThanOrEqualTo(killed.startedAt());
    awaitVm("reboot", vm -> vm.state().equals("running") && other(vm, rebooting));
    assertThat(client.show("reboot").policies().restarts()).isZero();
  }

  @Test
  void anEndThatNoDaemonSawIsToldFromItsRecord() throws Exception {
    create("web", Map.of());
    long pid = pid("web");
    daemon.kill();
    signal(pid, "KILL");
    daemon.start();
    client.close();
    client = daemon.client();
    VmApi.View web = client.show("web");
    assertThat(web.state()).isEqualTo("failed");
    assertThat(web.reason()).contains("killed").contains("9");
  }

  @Test
  void anEndThatIsBeingWrittenDownIsWaitedFor() throws Exception {
    create("web", Map.of("restart", "on-failure"));
    ProcessHandle vmm = ProcessHandle.of(pid("web")).orElseThrow();
    long shim = vmm.parent().orElseThrow().pid();
    Path socket = socket("web");
    daemon.kill();
    signal(shim, "STOP");
    tell(socket, "poweroff");
    Path stat = Path.of("/proc", Long.toString(vmm.pid()), "stat");
    await().atMost(LIMIT).until(() -> Files.readString(stat).contains(") Z "));
    daemon.start();
    signal(shim, "CONT");
    client.close();
    client = daemon.client();
    VmApi.View web = client.show("web");
    assertThat(web.state()).as(web.reason()).isEqualTo("stopped");
  }

  @Test
  void aStoppedVmmIsPausedAndItsVmStopsQuickly() throws Exception {
    create("web", Map.of());
    long pid = pid("web");
    signal(pid, "STOP");
    assertThat(awaitState("web", "paused").reason()).contains("SIGSTOP");
    signal(pid, "CONT");
    awaitState("web", "running");
    signal(pid, "STOP");
    long begin = System.nanoTime();
    assertThat(client.stop("web", false).state()).isEqualTo("stopped");
    assertThat(System.nanoTime() - begin).isLessThan(QUICK_NANOS);
  }

  @Test
  void aHungGuestIsUnresponsiveUntilItAnswersAgainAndStopsQuickly() throws Exception {
    create("web", Map.of());
    tell("web", "stall");
    VmApi.View hung = awaitState("web", "unresponsive");
    assertThat(hung.reason()).contains("not answered");
    assertThat(hung.pid()).isNotNull();
    tell("web", "go on");
    awaitState("web", "running");
    tell("web", "stall");
    awaitState("web", "unresponsive");
    long begin = System.nanoTime();
    assertThat(client.stop("web", false).state()).isEqualTo("stopped");
    assertThat(System.nanoTime() - begin).isLessThan(QUICK_NANOS);
  }

  @Test
  void onFailureRestartsAsOftenAsItSays() throws Exception {
    create("web", Map.of("restart", "on-failure:2"));
    for (int i = 1; i <= 2; i++) {
      long pid = pid("web");
      signal(pid, "KILL");
      int wanted = i;
      VmApi.View up =
          awaitVm(
              "web",
              vm ->
                  vm.state().equals("running")
                      && other(vm, pid)
                      && vm.policies().restarts() == wanted);
      assertThat(up.policies().restartAt()).isNull();
    }
    signal(pid("web"), "KILL");
    VmApi.View down = awaitState("web", "failed");
    assertThat(down.policies().restartAt()).isNull();
    client.start("web");
    assertThat(client.show("web").policies().restarts()).isZero();
  }

  @Test
  void whatShallAlwaysRunComesUpWithTheDaemonUnlessAUserStoppedIt() throws Exception {
    create("up", Map.of("restart", "always"));
    create("down", Map.of("restart", "always"));
    client.stop("down", false);
    long pid = pid("up");
    daemon.kill();
    signal(pid, "KILL");
    daemon.start();
    client.close();
    client = daemon.client();
    awaitVm("up", vm -> vm.state().equals("running") && other(vm, pid));
    assertThat(client.show("down").state()).isEqualTo("stopped");
    tell("up", "poweroff");
    awaitVm("up", vm -> vm.state().equals("running") && vm.policies().restarts() == 2);
  }

  @Test
  void aLifetimeEndsWithTheVmAlsoOverADaemonsDeath() throws Exception {
    create("short", Map.of("ttlMillis", 1_500));
    create("longer", Map.of("ttlMillis", 4_000));
    await().atMost(LIMIT).until(() -> daemon.vm("short").isEmpty());
    daemon.killAndStart();
    client.close();
    client = daemon.client();
    await().atMost(LIMIT).until(() -> daemon.vm("longer").isEmpty());
    assertThat(daemon.processes()).isEmpty();
  }

  @Test
  void aSlowCreateBlocksNeitherListingNorAnotherVm() throws Exception {
    create("web", Map.of());
    daemon.mishap("delay 6000");
    VmApi.CreateBegun slow = client.beginCreate(TestClient.wish("slow", true));
    await().atMost(LIMIT).until(() -> client.show("slow").state().equals("starting"));
    long begin = System.nanoTime();
    assertThat(client.list()).hasSize(2);
    assertThat(client.stop("web", false).state()).isEqualTo("stopped");
    assertThat(System.nanoTime() - begin).isLessThan(QUICK_NANOS);
    client.cancel(slow.operation());
    assertThat(client.list()).hasSize(1);
  }
}
