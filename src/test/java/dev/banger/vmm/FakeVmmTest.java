package dev.banger.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import dev.banger.proc.Tool;
import dev.banger.vmm.VmmExit.Reason;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** The contract, and what only a process that obeys everything can show. */
final class FakeVmmTest extends VmmContract {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static Binaries binaries;
  private static Path program;

  @BeforeAll
  static void build() throws Exception {
    program = TestPrograms.compiled("fake_vmm");
    binaries = TestPrograms.binaries(program.resolveSibling(""));
  }

  @Override
  protected Vmm driver(Binaries found, PidWatcher pids) {
    return new FakeVmm(found, new Tool("fake_vmm", "no-such-package"), pids);
  }

  @Override
  protected Path kernel() {
    return program;
  }

  @Override
  protected Path initramfs() {
    return program;
  }

  @Override
  protected Binaries binaries() {
    return binaries;
  }

  @Override
  protected Binaries withoutVmm() throws Exception {
    return TestPrograms.binaries();
  }

  @Test
  void aVmmThatCrashesSaysBySignalWhich() throws Exception {
    RunningVmm vmm = start(spec());
    try (var channel = vmm.openChannel()) {
      channel.write(StandardCharsets.UTF_8.encode("crash\n"));
      assertThat(vmm.awaitExit(LIMIT).orElseThrow()).hasToString("the VMM failed: by signal 6");
    }
  }

  @Test
  void theVmmDiesWithItsShim() throws Exception {
    RunningVmm vmm = start(spec());
    ProcessIdentity shim = ShimRecords.started(runDirectory()).orElseThrow().shim();
    assertThat(PidWatcher.signal(shim, Signal.KILL)).isTrue();
    VmmExit exit = vmm.awaitExit(LIMIT).orElseThrow();
    assertThat(exit.reason()).isEqualTo(Reason.CRASHED);
    assertThat(exit.detail()).contains("left no record");
  }

  @Test
  void afterARestartOfTheHostNothingIsAlive() throws Exception {
    RunningVmm vmm = start(spec());
    vmm.kill();
    Path record = runDirectory().resolve("vmm");
    Files.writeString(
        record, Files.readString(record).replaceFirst("boot=\\S+", "boot=an-earlier-one"));
    Files.delete(runDirectory().resolve("exit"));
    RunningVmm found = driver().adopt(ID, runDirectory(), logDirectory()).orElseThrow();
    assertThat(found.alive()).isFalse();
    assertThat(found.awaitExit(Duration.ZERO).orElseThrow().reason())
        .isEqualTo(Reason.HOST_RESTARTED);
  }

  @Test
  void logsOfTheRunBeforeArePutAside() throws Exception {
    RunningVmm first = start(spec());
    assertThat(ask(first, "hello")).isEqualTo(List.of("hello"));
    await().until(() -> !first.consoleTail(1).isEmpty());
    first.kill();
    first.cleanUp();
    RunningVmm second = start(spec());
    assertThat(ask(second, "hello")).isEqualTo(List.of("hello"));
    await().until(() -> second.consoleTail(10), tail -> tail.equals(List.of("guest: up")));
    assertThat(logDirectory().resolve("previous-console.log")).hasContent("guest: up\n");
  }

  /** The interrupt comes at any moment of the launch. */
  @RepeatedTest(10)
  void aStartInterruptedOnItsWayLeavesNothing(RepetitionInfo repetition) throws Exception {
    VmmSpec spec = spec();
    Vmm driver = driver();
    Thread starter = Thread.currentThread();
    Duration moment = Duration.ofNanos(repetition.getCurrentRepetition() * 600_000L);
    Thread interrupter =
        Thread.startVirtualThread(() -> {
          try {
            TimeUnit.NANOSECONDS.sleep(moment.toNanos());
          } catch (InterruptedException e) {
            return;
          }
          starter.interrupt();
        });
    boolean running = false;
    try {
      var _ = started(driver, spec);
      running = true;
    } catch (InterruptedException e) {
      assertNothingWasMade();
    }
    while (!ended(interrupter)) {}
    if (running) {
      RunningVmm vmm = driver().adopt(ID, runDirectory(), logDirectory()).orElseThrow();
      vmm.kill();
      vmm.cleanUp();
    }
  }

  /** Takes its interrupt for itself, too. */
  private static boolean ended(Thread interrupter) {
    try {
      return interrupter.join(LIMIT) && !Thread.interrupted();
    } catch (InterruptedException e) {
      return false;
    }
  }
}
