package dev.banger.vmm;

/**
 * Whether KVM can run guests here, for `doctor` too.
 *
 * @param step the probe's step that failed; empty when KVM is usable
 * @param reason why it failed, or what was measured
 */
public record AcceleratorVerdict(boolean kvmUsable, String step, String reason) {
  public Accelerator accelerator() {
    return kvmUsable ? Accelerator.KVM : Accelerator.TCG;
  }

  /** For people. */
  @Override
  public String toString() {
    return kvmUsable
        ? "KVM works (" + reason + ")"
        : "KVM cannot be used: " + reason + " (step " + step + ")";
  }
}
