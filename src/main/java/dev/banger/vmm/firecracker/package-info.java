/**
 * Firecracker: its API over a Unix socket, its process and its jail. Start with {@link
 * dev.banger.vmm.firecracker.FirecrackerVmm}. Takes leaf locks only.
 */
@NullMarked
package dev.banger.vmm.firecracker;

import org.jspecify.annotations.NullMarked;
