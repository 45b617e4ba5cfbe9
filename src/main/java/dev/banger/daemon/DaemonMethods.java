package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.journal.Entry;
import dev.banger.journal.Journal;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.Version;
import dev.banger.rpc.Methods;
import dev.banger.vm.VmState;
import dev.banger.vm.VmView;
import dev.banger.vm.Vms;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** {@code daemon.*}. */
final class DaemonMethods {
  private final Vms vms;
  private final Journal journal;
  private final Directories directories;
  private final Supplier<Optional<String>> accelerator;
  private final Runnable stop;
  private final Instant started;
  private final Clock clock;

  /**
   * @param accelerator empty while it is not yet known
   * @param stop begins the daemon's end and returns at once
   */
  DaemonMethods(
      Vms vms,
      Journal journal,
      Directories directories,
      Supplier<Optional<String>> accelerator,
      Clock clock,
      Runnable stop) {
    this.vms = vms;
    this.journal = journal;
    this.directories = directories;
    this.accelerator = accelerator;
    this.clock = clock;
    this.started = clock.instant();
    this.stop = stop;
  }

  /** The first line that every client reads. */
  DaemonApi.Hello hello() {
    return new DaemonApi.Hello(Version.TEXT, ProcessHandle.current().pid());
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, DaemonApi.STATUS, (_, _) -> status());
    VmMethods.add(
        methods,
        DaemonApi.STOP,
        (_, _) -> {
          stop.run();
          return new DaemonApi.Nothing();
        });
  }

  private DaemonApi.Status status() throws BangerException {
    List<VmView> all = vms.list();
    return new DaemonApi.Status(
        Version.TEXT,
        ProcessHandle.current().pid(),
        Duration.between(started, clock.instant()).toMillis(),
        directories.data().toString(),
        directories.socket().toString(),
        (int) all.stream().filter(vm -> vm.state() instanceof VmState.Up).count(),
        all.size(),
        accelerator.get().orElse(null),
        journal.isRecovered(),
        journal.leftovers().stream().map(DaemonMethods::leftover).toList());
  }

  private static DaemonApi.Leftover leftover(Entry entry) {
    return new DaemonApi.Leftover(
        entry.step().kind().name(),
        entry.step().owner(),
        entry.step().kind().what(),
        entry.begun().toEpochMilli(),
        entry.tries(),
        entry.error());
  }
}
