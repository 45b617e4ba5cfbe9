package dev.banger.image.kernel;

import java.util.List;
import java.util.Locale;

/** Which modules {@code /init} loads: those of the VMM's devices and no more, each costs time. */
public enum InitramfsFlavour {
  /** Devices on virtio-mmio, found by ACPI; the channel is a virtio-serial port. */
  QEMU_MICROVM("virtio_mmio virtio_blk virtio_net virtio_console overlay ext4", ""),

  /** Devices on virtio-mmio, or on PCI when so started; the channel is vsock. */
  FIRECRACKER(
      "virtio_mmio virtio_pci virtio_blk virtio_net vsock vmw_vsock_virtio_transport overlay ext4",
      "virtio_pci_legacy_dev virtio_rng virtio_balloon");

  private final String required;
  private final String optional;

  InitramfsFlavour(String required, String optional) {
    this.required = required;
    this.optional = optional;
  }

  /**
   * For guests of this VMM.
   *
   * @param vmm its name
   */
  public static InitramfsFlavour of(String vmm) {
    return vmm.equals("firecracker") ? FIRECRACKER : QEMU_MICROVM;
  }

  /** A kernel that neither has such a module nor has it built in is of no use. */
  List<String> required() {
    return words(required);
  }

  /** Taken where the kernel has them. */
  List<String> optional() {
    return words(optional);
  }

  /** The list of its modules in a kernel's directory. */
  String orderFile() {
    return "order." + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
  }
}
