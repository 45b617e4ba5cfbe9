package dev.banger.capability;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.GuestConfiguration;
import dev.banger.image.Image;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.kernel.Kernel;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One start of one VM, filled by the hooks in their order. Belongs to the thread that starts it.
 */
public final class StartPlan {
  /**
   * What is fixed before the hooks run. {@code initMode} is auto, system or agent; {@code uid}
   * numbers VMs.
   */
  public record Vm(
      VmId id,
      VmName name,
      Path directory,
      Image image,
      Kernel kernel,
      int cpus,
      ByteSize memory,
      ByteSize disk,
      String initMode,
      List<String> env,
      DiskTemplate.Life life,
      long uid) {}

  private final Vm vm;
  private final List<Drive> drives = new ArrayList<>();
  private final List<Nic> nics = new ArrayList<>();
  private final List<GuestConfiguration.Disk> disks = new ArrayList<>();
  private final List<GuestConfiguration.Bind> binds = new ArrayList<>();
  private final List<GuestConfiguration.Nic> interfaces = new ArrayList<>();
  private final GuestConfiguration.Builder guest = GuestConfiguration.builder();
  private boolean unattended;
  private Optional<ExecSpec> program = Optional.empty();

  public StartPlan(Vm vm) {
    this.vm = vm;
  }

  public Vm vm() {
    return vm;
  }

  /** Nobody is there to read a refusal: what the VM can do without is left out for a while. */
  public void unattended() {
    unattended = true;
  }

  public boolean isUnattended() {
    return unattended;
  }

  /** What the guest runs as soon as it can, in place of the image's own. */
  public void program(ExecSpec wanted) {
    program = Optional.of(wanted);
  }

  public Optional<ExecSpec> program() {
    return program;
  }

  /** A drive of the VMM, and what the guest does with it. */
  public void add(Drive drive, GuestConfiguration.Disk disk) {
    drives.add(drive);
    disks.add(disk);
  }

  /** A network device of the VMM, and how the guest sets it up. */
  public void add(Nic nic, GuestConfiguration.Nic inGuest) {
    nics.add(nic);
    interfaces.add(inGuest);
  }

  public void add(GuestConfiguration.Bind bind) {
    binds.add(bind);
  }

  /** What else the guest will be told. */
  public GuestConfiguration.Builder guest() {
    return guest;
  }

  /** All that the guest is told, at this time of day. */
  public GuestConfiguration configuration(Instant now) {
    return guest.disks(disks).binds(binds).nics(interfaces).clock(now).build();
  }

  public List<Drive> drives() {
    return List.copyOf(drives);
  }

  public List<Nic> nics() {
    return List.copyOf(nics);
  }
}
