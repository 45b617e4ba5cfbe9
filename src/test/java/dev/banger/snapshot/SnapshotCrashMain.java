package dev.banger.snapshot;

import dev.banger.journal.Journal;
import dev.banger.journal.Steps;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.privileged.LinuxBlockDevices;
import dev.banger.proc.Binaries;
import dev.banger.store.Database;
import dev.banger.store.JournalTable;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicInteger;

/** Attaches a disk, and dies at the N-th moment of its steps as by kill -9. */
final class SnapshotCrashMain {
  /** What it ends with when it has died as it should. */
  static final int DIED = 42;

  private SnapshotCrashMain() {}

  /** Data directory, image, VM, moment. */
  public static void main(String[] arguments) throws Exception {
    Path data = Path.of(arguments[0]);
    int moment = Integer.parseInt(arguments[3]);
    AtomicInteger passed = new AtomicInteger();
    Journal journal =
        new Journal(
            new JournalTable(Database.open(data.resolve("test.db"))),
            Clock.systemUTC(),
            (_, _) -> {
              if (passed.incrementAndGet() == moment) {
                Runtime.getRuntime().halt(DIED);
              }
            });
    Snapshots snapshots =
        new Snapshots(new LinuxBlockDevices(Binaries.ofPath()), data, ByteSize.mib(16));
    snapshots.addTo(journal);
    VmId vm = new VmId(arguments[2]);
    try (Steps steps = journal.steps(vm.value())) {
      Path _ =
          snapshots.attach(
              vm,
              Path.of(arguments[1]),
              new Store(data.resolve(vm + ".cow")),
              ByteSize.mib(256),
              steps);
      steps.keep();
    }
    Runtime.getRuntime().halt(0);
  }
}
