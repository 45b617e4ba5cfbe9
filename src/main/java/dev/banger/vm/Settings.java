package dev.banger.vm;

import dev.banger.capability.OwnDisk;
import dev.banger.capability.SnapshotDisks;
import dev.banger.capability.VmDisk;
import dev.banger.guest.Guest;
import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.Durations;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.net.NetworkWish;
import dev.banger.net.VmNetworks;
import dev.banger.store.LeaseRow;
import dev.banger.store.VmRow;
import dev.banger.vmm.Machine;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes VMs. All fields are checked, then written down in one transaction: from there on the
 * change is done, whatever happens. What a running VM can have at once it gets then; the rest, and
 * what fails on the way, comes with its next start, which makes disks as large as the record says.
 */
final class Settings {
  private static final Logger LOG = LoggerFactory.getLogger(Settings.class);
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(5);

  private final Transitions transitions;
  private final Directories directories;
  private final SnapshotDisks disks;
  private final Clock clock;
  private final Journal journal;
  private final KeyedLocks<VmId> locks;
  private final Optional<VmNetworks> networks;

  Settings(
      Transitions transitions,
      Directories directories,
      SnapshotDisks disks,
      Clock clock,
      Journal journal,
      KeyedLocks<VmId> locks,
      Optional<VmNetworks> networks) {
    this.networks = networks;
    this.transitions = transitions;
    this.directories = directories;
    this.disks = disks;
    this.clock = clock;
    this.journal = journal;
    this.locks = locks;
  }

  /**
   * Changes it whole or not at all; says of each field what became of it.
   *
   * @param live the VM's live side, or null when it does not run
   */
  List<ChangedField> change(VmRow row, VmChange change, @Nullable LiveVm live, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    if (row.state() == VmRow.State.DELETING) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, row.name() + " is being deleted", "nothing is changed any more");
    }
    change.check(row);
    if (change.network().needsBridge() && networks.isEmpty()) {
      throw Creation.noBridge();
    }
    if (networks.isPresent() && !change.network().isEmpty()) {
      networks.get().check(row.id(), change.network());
    }
    try (Steps steps = journal.steps(row.id().value())) {
      VmRow after = steps.pass(step(StepKind.VM_SETTINGS, row.id()), () -> write(row, change));
      List<ChangedField> fields = new ArrayList<>();
      shape(row, after, change, live, fields);
      if (change.disk().isPresent()) {
        fields.add(disk(row, after, live, steps));
      }
      policies(row, after, change, fields);
      labels(row, after, change, fields);
      if (networks.isPresent() && !change.network().isEmpty()) {
        network(row.id(), change.network(), networks.get(), fields);
      }
      return fields;
    }
  }

  private static void network(
      VmId vm, NetworkWish wish, VmNetworks networks, List<ChangedField> fields)
      throws BangerException, InterruptedException {
    LeaseRow before = networks.lease(vm).orElseGet(() -> VmNetworks.usual(vm));
    networks.change(vm, wish);
    LeaseRow after = networks.lease(vm).orElse(before);
    if (wish.nat().isPresent()) {
      fields.add(field("nat", onOff(before.nat()), onOff(after.nat()), ""));
    }
    if (wish.network().isPresent()) {
      fields.add(field("network", before.network(), after.network(), ""));
    }
    if (wish.egress().touchesList()) {
      fields.add(field("egress", before.egress(), after.egress(), ""));
    }
    if (wish.egress().mode().isPresent()) {
      fields.add(field("egress mode", before.egressMode(), after.egressMode(), ""));
    }
  }

  private static String onOff(boolean on) {
    return on ? "on" : "off";
  }

  private static Step step(StepKind kind, VmId id, Path... places) {
    return Step.of(kind, id.value(), places);
  }

  private VmRow write(VmRow row, VmChange change) throws BangerException {
    Instant now = clock.instant();
    return transitions
        .change(
            row,
            r -> change.apply(r, now),
            new Transitions.Note("changed", "", summary(row, change, now)))
        .orElseThrow(() ->
            new BangerException(ErrorCode.NOT_FOUND, row.name() + " was deleted meanwhile", ""));
  }

  /** For the event: every field that becomes another, as K=V words. */
  private static String summary(VmRow row, VmChange change, Instant now) {
    VmRow after = change.apply(row, now);
    List<ChangedField> fields = new ArrayList<>();
    shape(row, after, change, null, fields);
    change.disk().ifPresent(d -> fields.add(field("disk", row.shape().disk(), d, "")));
    policies(row, after, change, fields);
    labels(row, after, change, fields);
    return String.join(
        " ",
        fields.stream()
            .filter(f -> f.when() != ChangedField.When.UNCHANGED)
            .map(f -> f.field().replace(' ', '-') + "=" + f.after().replace(' ', '_'))
            .toList());
  }

  private static void shape(
      VmRow row, VmRow after, VmChange change, @Nullable LiveVm live, List<ChangedField> fields) {
    Optional<Machine> machine = live == null ? Optional.empty() : live.vmm().machine();
    if (change.cpus().isPresent()) {
      boolean later =
          live != null && !machine.map(m -> m.cpus() == after.shape().cpus()).orElse(false);
      fields.add(atStart("cpus", row.shape().cpus(), after.shape().cpus(), later));
    }
    if (change.memory().isPresent()) {
      ByteSize wanted = after.shape().memory().roundUp(OwnDisk.UNIT);
      boolean later = live != null && !machine.map(m -> m.memory().equals(wanted)).orElse(false);
      fields.add(atStart("memory", row.shape().memory(), after.shape().memory(), later));
    }
  }

  private static ChangedField atStart(String name, Object before, Object after, boolean later) {
    if (!later) {
      return field(name, before, after, "");
    }
    return new ChangedField(
        name,
        before.toString(),
        after.toString(),
        ChangedField.When.NEXT_START,
        "a running VM keeps its " + name);
  }

  /** Grows what runs; whatever goes wrong is made good by the next start. */
  private ChangedField disk(VmRow row, VmRow after, @Nullable LiveVm live, Steps steps) {
    ByteSize before = row.shape().disk();
    ByteSize size = after.shape().disk();
    if (live == null) {
      return field("disk", before, size, "");
    }
    try {
      boolean grown = growLive(row.id(), live, size.roundUp(OwnDisk.UNIT), steps);
      return grown
          ? new ChangedField("disk", before.toString(), size.toString(), ChangedField.When.NOW, "")
          : field("disk", before, size, "");
    } catch (BangerException e) {
      LOG.warn("vm=" + row.name() + " its disks grow at its next start only", e);
      return atNextStart(
          before, size, e.getMessage() + (e.reason().isEmpty() ? "" : ": ") + e.reason());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the change is made, so the answer is not that it is not
      return atNextStart(before, size, "its growth was cancelled");
    }
  }

  private static ChangedField atNextStart(ByteSize before, ByteSize after, String why) {
    return new ChangedField(
        "disk", before.toString(), after.toString(), ChangedField.When.NEXT_START, why);
  }

  /** False when all were so large already. */
  private boolean growLive(VmId id, LiveVm live, ByteSize size, Steps steps)
      throws BangerException, InterruptedException {
    List<VmDisk> all = disks.of(id, directories.vm(id), size);
    boolean grown = false;
    for (VmDisk disk : all) {
      if (disk.isSmallerThan(size)) {
        grown =
            steps.pass(
                step(StepKind.DISK_GROWTH, id, disk.place()),
                () -> {
                  disk.enlarge(size);
                  live.vmm().growDisk(disk.place(), size);
                  return true;
                });
      }
    }
    Guest guest = live.guest(GUEST_LIMIT);
    for (VmDisk disk : all) {
      ByteSize _ =
          steps.pass(
              step(StepKind.FILE_SYSTEM_GROWTH, id, disk.place()),
              () -> disk.growInside(guest, size));
    }
    return grown;
  }

  private static void policies(VmRow row, VmRow after, VmChange change, List<ChangedField> fields) {
    VmRow.Policy before = row.policy();
    VmRow.Policy now = after.policy();
    change.restart().ifPresent(r -> fields.add(field("restart", before.restart(), r, "")));
    if (change.ttl().isPresent()) {
      fields.add(
          new ChangedField("ttl", text(before.ttl()), text(now.ttl()), ChangedField.When.NOW, ""));
    }
    if (change.idleStop().isPresent()) {
      fields.add(field("idle-stop", text(before.idleStop()), text(now.idleStop()), ""));
    }
  }

  private static String text(Optional<Duration> duration) {
    return duration.map(Durations::text).orElse("none");
  }

  private static void labels(VmRow row, VmRow after, VmChange change, List<ChangedField> fields) {
    TreeSet<String> keys = new TreeSet<>(change.labels().keySet());
    keys.addAll(change.unlabel());
    for (String key : keys) {
      fields.add(
          field(
              "label " + key,
              row.labels().getOrDefault(key, ""),
              after.labels().getOrDefault(key, ""),
              ""));
    }
  }

  private static ChangedField field(String name, Object before, Object after, String note) {
    return new ChangedField(
        name,
        before.toString(),
        after.toString(),
        before.equals(after) ? ChangedField.When.UNCHANGED : ChangedField.When.NOW,
        note);
  }
}
