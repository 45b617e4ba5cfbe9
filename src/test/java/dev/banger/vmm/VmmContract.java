package dev.banger.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.journal.Journal;
import dev.banger.journal.MemoryJournal;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.VmmExit.Reason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every driver promises. The guest answers each line on its channel, see {@code guest.c}. */
@Timeout(120)
public abstract class VmmContract {
  protected static final VmId ID = new VmId("0123456789ab");
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir protected Path directory;
  protected PidWatcher watcher;
  private final List<RunningVmm> started = new ArrayList<>();

  /** A driver as a new daemon would make it. */
  protected abstract Vmm driver(Binaries binaries, PidWatcher pids) throws Exception;

  protected abstract Path kernel() throws Exception;

  protected abstract Path initramfs() throws Exception;

  /** The driver's binaries; {@link #withoutVmm} are the same without the VMM's own. */
  protected abstract Binaries binaries() throws Exception;

  protected abstract Binaries withoutVmm() throws Exception;

  /** Who executes the guests of these tests. */
  protected Accelerator accelerator() {
    return Accelerator.TCG;
  }

  /** What a power-off that nobody announced looks like. */
  protected Reason vanished() {
    return Reason.GUEST_POWERED_OFF;
  }

  /** Files of this VM outside its own directories. */
  protected Stream<Path> elsewhere() throws IOException {
    return Stream.empty();
  }

  @BeforeEach
  void startWatching() throws Exception {
    watcher = new PidWatcher();
  }

  @AfterEach
  void endAll() throws Exception {
    for (RunningVmm vmm : started) {
      vmm.kill();
      vmm.cleanUp();
    }
    watcher.close();
    assertNothingIsLeft();
  }

  protected Vmm driver() throws Exception {
    return driver(binaries(), watcher);
  }

  protected Path runDirectory() {
    return directory.resolve("run").resolve(ID.value());
  }

  protected Path logDirectory() {
    return directory.resolve("log");
  }

  protected VmmSpec spec(Drive... drives) throws Exception {
    return new VmmSpec(
        ID,
        runDirectory(),
        logDirectory(),
        1,
        ByteSize.mib(160),
        kernel(),
        initramfs(),
        List.of(),
        List.of(drives),
        List.of(),
        accelerator(),
        Optional.empty());
  }

  /** As a daemon starts a VM: what a start that fails has left is undone. */
  protected static RunningVmm started(Vmm driver, VmmSpec spec)
      throws BangerException, InterruptedException {
    Journal journal = MemoryJournal.journal();
    journal.undoers(driver.undoers());
    try (Steps steps = journal.steps(spec.id().value())) {
      RunningVmm vmm = driver.start(spec, steps);
      steps.keep();
      return vmm;
    }
  }

  protected RunningVmm start(VmmSpec spec) throws Exception {
    RunningVmm vmm = started(driver(), spec);
    started.add(vmm);
    return vmm;
  }

  /** Sends lines and returns the answers. */
  protected static List<String> ask(RunningVmm vmm, String... lines) throws Exception {
    List<String> answers = new ArrayList<>();
    try (SocketChannel channel = vmm.openChannel();
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))) {
      for (String line : lines) {
        tell(channel, line);
        answers.add(reader.readLine());
      }
    }
    return answers;
  }

  private static void tell(SocketChannel channel, String line) throws IOException {
    channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
  }

  private static VmmExit afterTelling(RunningVmm vmm, String line) throws Exception {
    try (SocketChannel channel = vmm.openChannel()) {
      tell(channel, line);
      return vmm.awaitExit(LIMIT).orElseThrow();
    }
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(runDirectory()).doesNotExist();
    assertThat(elsewhere()).isEmpty();
    assertThat(
            ProcessHandle.allProcesses()
                .filter(p -> p.info().commandLine().orElse("").contains(directory.toString())))
        .isEmpty();
  }

  @Test
  void theChannelCanBeOpenedAtOnceAndAgain() throws Exception {
    RunningVmm vmm = start(spec());
    assertThat(ask(vmm, "hello", "world")).containsExactly("hello", "world");
    assertThat(ask(vmm, "again")).containsExactly("again");
    assertThat(vmm.alive()).isTrue();
    assertThat(vmm.accelerator()).isEqualTo(accelerator().toString());
    assertThat(vmm.identity().verify()).isTrue();
    assertThat(vmm.awaitExit(Duration.ZERO)).isEmpty();
    await().until(() -> vmm.consoleTail(10).contains("guest: up")); // the shim writes when it can
  }

  @Test
  void aGuestThatPowersOffIsToldFromOneThatReboots() throws Exception {
    RunningVmm vmm = start(spec());
    VmmExit exit = afterTelling(vmm, "poweroff");
    assertThat(exit.reason()).isEqualTo(Reason.GUEST_POWERED_OFF);
    assertThat(exit).hasToString("the guest powered off");
    assertThat(vmm.alive()).isFalse();
    vmm.cleanUp();
    RunningVmm second = start(spec());
    assertThat(afterTelling(second, "reboot").reason()).isEqualTo(Reason.GUEST_REBOOTED);
  }

  @Test
  void aPanicIsNoReboot() throws Exception {
    VmmExit exit = afterTelling(start(spec()), "panic");
    assertThat(exit.reason()).isEqualTo(Reason.GUEST_PANICKED);
    assertThat(exit.detail()).contains("sysrq triggered crash");
  }

  @Test
  void aGuestThatEndsWithoutAGoodbyeHasEndedAllTheSame() throws Exception {
    assertThat(afterTelling(start(spec()), "vanish").reason()).isEqualTo(vanished());
  }

  @Test
  void quitEndsTheVmm() throws Exception {
    RunningVmm vmm = start(spec());
    vmm.quit();
    assertThat(vmm.awaitExit(LIMIT).orElseThrow().reason()).isEqualTo(Reason.QUIT);
  }

  @Test
  void killLeavesNothingAndMayBeRepeated() throws Exception {
    RunningVmm vmm = start(spec());
    assertThatThrownBy(vmm::cleanUp)
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_STATE));
    vmm.kill();
    VmmExit exit = vmm.awaitExit(Duration.ZERO).orElseThrow();
    assertThat(exit.reason()).isEqualTo(Reason.KILLED);
    vmm.kill();
    vmm.cleanUp();
    vmm.cleanUp();
    assertNothingIsLeft();
  }

  @Test
  void everyListenerHearsTheEndOnce() throws Exception {
    RunningVmm vmm = start(spec());
    AtomicInteger early = new AtomicInteger();
    CountDownLatch heard = new CountDownLatch(2);
    vmm.onExit(exit -> {
      early.incrementAndGet();
      heard.countDown();
    });
    vmm.kill();
    vmm.onExit(exit -> heard.countDown());
    assertThat(heard.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(early).hasValue(1);
  }

  @Test
  void aPausedGuestAnswersWhenItIsResumed() throws Exception {
    RunningVmm vmm = start(spec());
    assertThat(ask(vmm, "before")).containsExactly("before");
    vmm.pause();
    vmm.resume();
    assertThat(ask(vmm, "after")).containsExactly("after");
  }

  @Test
  void aNewDaemonTakesOverAVmmThatRuns() throws Exception {
    RunningVmm first = start(spec());
    assertThat(ask(first, "first daemon")).containsExactly("first daemon");
    try (PidWatcher pids = new PidWatcher()) {
      RunningVmm second =
          driver(binaries(), pids).adopt(ID, runDirectory(), logDirectory()).orElseThrow();
      assertThat(second.alive()).isTrue();
      assertThat(second.identity().pid()).isEqualTo(first.identity().pid());
      assertThat(ask(second, "second daemon")).containsExactly("second daemon");
      assertThat(afterTelling(second, "poweroff").reason()).isEqualTo(Reason.GUEST_POWERED_OFF);
      second.cleanUp();
    }
    assertNothingIsLeft();
  }

  @Test
  void aNewDaemonLearnsHowAVmmEndedMeanwhile() throws Exception {
    RunningVmm first = start(spec());
    assertThat(ask(first, "hello")).containsExactly("hello");
    assertThat(afterTelling(first, "poweroff").reason()).isEqualTo(Reason.GUEST_POWERED_OFF);
    try (PidWatcher pids = new PidWatcher()) {
      RunningVmm second =
          driver(binaries(), pids).adopt(ID, runDirectory(), logDirectory()).orElseThrow();
      assertThat(second.alive()).isFalse();
      assertThat(second.awaitExit(Duration.ZERO).orElseThrow().reason())
          .isEqualTo(Reason.GUEST_POWERED_OFF);
      assertThatThrownBy(second::openChannel).hasMessageContaining("cannot connect");
      second.kill();
      second.cleanUp();
    }
  }

  @Test
  void whereNothingWasStartedThereIsNothingToAdopt() throws Exception {
    assertThat(driver().adopt(ID, runDirectory(), logDirectory())).isEmpty();
  }

  @Test
  void aSecondStartIsRefusedAndHurtsNobody() throws Exception {
    RunningVmm vmm = start(spec());
    assertFails(spec(), ErrorCode.WRONG_STATE, "has a running VMM already");
    assertThat(ask(vmm, "still here")).containsExactly("still here");
  }

  @Test
  void aMissingFileStopsTheStart() throws Exception {
    VmmSpec good = spec();
    Path missing = directory.resolve("missing");
    VmmSpec bad =
        new VmmSpec(
            ID,
            good.runDirectory(),
            good.logDirectory(),
            1,
            good.memory(),
            missing,
            good.initramfs(),
            List.of(),
            List.of(Drive.readOnly(missing)),
            List.of(),
            accelerator(),
            Optional.empty());
    assertFails(bad, ErrorCode.NOT_FOUND, "the kernel " + missing + " does not exist");
    assertThat(driver().preflight(bad)).hasSize(2);
    assertFails(
        spec(Drive.writable(missing)),
        ErrorCode.NOT_FOUND,
        "the disk " + missing + " does not exist");
    assertNothingWasMade();
  }

  @Test
  void aMissingBinaryStopsTheStart() throws Exception {
    assertThatThrownBy(() -> started(driver(withoutVmm(), watcher), spec()))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_UNSUPPORTED));
    assertNothingWasMade();
  }

  @Test
  void aSocketPathThatIsTooLongStopsTheStart() throws Exception {
    VmmSpec good = spec();
    VmmSpec bad =
        new VmmSpec(
            ID,
            directory.resolve("x".repeat(120)),
            good.logDirectory(),
            1,
            good.memory(),
            good.kernel(),
            good.initramfs(),
            List.of(),
            List.of(),
            List.of(),
            accelerator(),
            Optional.empty());
    assertFails(bad, ErrorCode.INVALID, "more than the 107 that a Unix socket can have");
    assertThat(bad.runDirectory()).doesNotExist();
    assertNothingWasMade();
  }

  @Test
  void anInterruptedStartLeavesNothing() throws Exception {
    VmmSpec spec = spec();
    Vmm driver = driver();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> started(driver, spec)).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertNothingWasMade();
  }

  protected void assertFails(VmmSpec spec, ErrorCode code, String message) {
    assertThatThrownBy(() -> started(driver(), spec))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(BangerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  /** But logs, which may say why, and go with their VM. */
  protected void assertNothingWasMade() throws IOException {
    assertNothingIsLeft();
    if (Files.exists(logDirectory())) {
      try (Stream<Path> left = Files.list(logDirectory())) {
        assertThat(left).allMatch(file -> file.toString().matches(".*\\.log(\\.times)?"));
      }
    }
  }
}
