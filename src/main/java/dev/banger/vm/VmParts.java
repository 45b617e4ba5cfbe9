package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.capability.SnapshotDisks;
import dev.banger.config.Config;
import dev.banger.doctor.HostRoom;
import dev.banger.image.Images;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.Journal;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.Publications;
import dev.banger.ops.Operations;
import dev.banger.store.EventTable;
import dev.banger.store.VmTable;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What this room is built from.
 *
 * @param imageOps held while an image is pinned or deleted
 * @param bootLimit how long a guest may take to answer; empty: by accelerator
 * @param hangLimit how long one that has answered may be silent; empty: by accelerator
 * @param admission how many VMs may run, by the room that there is
 * @param confinement who the VMM of a VM runs as
 * @param sweeps remove what a daemon before this one left half made; run once
 * @param reaperPeriod how often is looked for what belongs to nobody
 * @param disks what VMs have written
 */
public record VmParts(
    VmTable table,
    EventTable events,
    Operations operations,
    Journal journal,
    Images images,
    Kernels kernels,
    Vmm driver,
    Capabilities capabilities,
    Forwarder forwarder,
    Optional<VmNetworks> networks,
    Accelerators accelerators,
    Confinements confinement,
    Optional<Duration> bootLimit,
    Optional<Duration> hangLimit,
    Config.Rates rates,
    Config.Admission admission,
    Room room,
    Directories directories,
    Clock clock,
    OrderedLock imageOps,
    List<Sweep> sweeps,
    Duration reaperPeriod,
    SnapshotDisks disks) {

  /** What VMs publish. */
  Publications publications() {
    return forwarder.publications();
  }

  /** Removes what is not whole. */
  @FunctionalInterface
  public interface Sweep {
    void run() throws BangerException, InterruptedException;
  }

  /** The accelerator of this host; may wait for its probe. */
  @FunctionalInterface
  public interface Accelerators {
    Accelerator choose() throws BangerException, InterruptedException;
  }

  /** What the host has room for, now. */
  @FunctionalInterface
  public interface Room {
    HostRoom look() throws BangerException;
  }

  /** The user that a VMM runs as, by the VM's number; empty: the daemon's own. */
  @FunctionalInterface
  public interface Confinements {
    Optional<VmmSpec.Confinement> of(long number);
  }
}
