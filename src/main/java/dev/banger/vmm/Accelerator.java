package dev.banger.vmm;

import java.util.Locale;

/** Who executes the guest's instructions. */
public enum Accelerator {
  /** The processor, by the kernel's module. */
  KVM,
  /** QEMU, translating: works everywhere, 10 to 30 times slower. */
  TCG;

  /** As configuration and messages write it: {@code kvm}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
