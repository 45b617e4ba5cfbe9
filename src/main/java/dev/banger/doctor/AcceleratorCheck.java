package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.Tool;
import dev.banger.vmm.AcceleratorProbe;
import dev.banger.vmm.AcceleratorVerdict;
import java.util.List;

/** Whether the processor can run guests itself. */
final class AcceleratorCheck implements Check {
  private static final Tool QEMU = new Tool("qemu-system-x86_64", "qemu-system-x86");

  private final AcceleratorProbe probe;

  AcceleratorCheck(Directories directories, Binaries binaries) {
    this.probe = new AcceleratorProbe(binaries, QEMU, directories.cache().resolve("accelerator"));
  }

  @Override
  public String name() {
    return "accelerator";
  }

  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    AcceleratorVerdict verdict = probe.verdict();
    return List.of(
        verdict.kvmUsable()
            ? Finding.ok(name(), "KVM works: " + verdict.reason())
            : Finding.warning(
                name(),
                "KVM does not work: "
                    + verdict
                    + "; guests run by emulation (TCG), 10 to 30 times slower, and QEMU does not"
                    + " count that as a security boundary",
                "enable virtualization in the firmware or the cloud's machine type, and join the group kvm"));
  }
}
