/**
 * The QEMU driver: machine type microvm, TCG or KVM. Start with {@link
 * dev.banger.vmm.qemu.QemuVmm}. Takes leaf locks only.
 */
@NullMarked
package dev.banger.vmm.qemu;

import org.jspecify.annotations.NullMarked;
