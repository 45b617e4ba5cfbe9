/**
 * The life of VMs: create, start, stop, delete, and what is true after a restart of the daemon.
 * Start with {@link dev.banger.vm.Vms}. Takes the VM's lock across a whole operation, below it the
 * lock of creation, or of images while an image is pinned.
 */
@NullMarked
package dev.banger.vm;

import org.jspecify.annotations.NullMarked;
