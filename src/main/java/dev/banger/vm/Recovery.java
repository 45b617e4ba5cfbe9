package dev.banger.vm;

import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the host and the records agree when a daemon starts: VMMs that run are taken over,
 * half-made VMs are removed, and so is what belongs to nobody.
 */
final class Recovery {
  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  private final VmTable table;
  private final Vmm driver;
  private final Lifecycle lifecycle;
  private final Creation creation;
  private final Directories directories;
  private final KeyedLocks<VmId> locks;
  private final Unclaimed unclaimed;

  Recovery(
      VmParts parts,
      Lifecycle lifecycle,
      Creation creation,
      KeyedLocks<VmId> locks,
      Unclaimed unclaimed) {
    this.unclaimed = unclaimed;
    this.table = parts.table();
    this.driver = parts.driver();
    this.directories = parts.directories();
    this.lifecycle = lifecycle;
    this.creation = creation;
    this.locks = locks;
  }

  /** One VM's failure is logged and stops no other's recovery. */
  void run() throws BangerException, InterruptedException {
    List<VmRow> rows = table.all();
    for (VmRow row : rows) {
      try (Held held = locks.acquire(row.id())) {
        recover(row, held);
      } catch (BangerException | RuntimeException e) {
        LOG.error("vm=" + row.name() + " cannot be recovered", e);
      }
    }
    Set<String> known =
        rows.stream().map(row -> row.id().value()).collect(Collectors.toUnmodifiableSet());
    for (String id : directoriesOnDisk()) {
      if (!known.contains(id)) {
        reclaim(new VmId(id));
      }
    }
    driver.reclaim(
        directories.vmRuns(),
        table.all().stream().map(VmRow::id).collect(Collectors.toUnmodifiableSet()));
  }

  private void recover(VmRow row, Held held) throws BangerException, InterruptedException {
    Optional<RunningVmm> found =
        driver.adopt(row.id(), directories.vmRun(row.id()), directories.vm(row.id()));
    boolean halfMade = row.state() == VmRow.State.CREATING || row.state() == VmRow.State.DELETING;
    boolean useless = row.oneShot() && (found.isEmpty() || !found.get().alive() || retired(row));
    if (useless || halfMade) {
      LOG.info("vm={} is removed: the daemon ended during its {}", row.name(), row.state());
      if (found.isPresent()) {
        Boot.end(found.get());
      }
      creation.remove(row, held);
      return;
    }
    lifecycle.adopt(row, found, held);
    if (row.oneShot()) {
      unclaimed.expect(row.id());
    }
  }

  /** What a one-shot VM is called while it is removed. */
  static VmName retiredName(VmId id) {
    return new VmName("retired-" + id);
  }

  private static boolean retired(VmRow row) {
    return row.name().equals(retiredName(row.id()));
  }

  private void reclaim(VmId id) throws InterruptedException {
    LOG.info("vm={} has no record: what it left is removed", id);
    try (Held _ = locks.acquire(id)) {
      Optional<RunningVmm> found = driver.adopt(id, directories.vmRun(id), directories.vm(id));
      if (found.isPresent()) {
        Boot.end(found.get());
      }
      creation.deleteDirectories(id);
    } catch (BangerException | RuntimeException e) {
      LOG.error("vm=" + id + " cannot be reclaimed", e);
    }
  }

  private Set<String> directoriesOnDisk() throws BangerException {
    Set<String> ids = new TreeSet<>();
    for (Path parent : List.of(directories.vms(), directories.vmRuns())) {
      if (!Files.isDirectory(parent)) {
        continue;
      }
      try (Stream<Path> entries = Files.list(parent)) {
        entries
            .map(entry -> entry.getFileName().toString())
            .filter(name -> name.matches("[0-9a-f]{12}"))
            .forEach(ids::add);
      } catch (IOException e) {
        throw new BangerException(
            ErrorCode.PERMISSION, "cannot look into " + parent, "check its permissions", e);
      }
    }
    return ids;
  }
}
