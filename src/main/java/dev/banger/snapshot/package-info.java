/**
 * Disks of device-mapper snapshots: what a VM writes lies in a file of its own, its store, over an
 * image that all its VMs share. Start with {@link dev.banger.snapshot.Snapshots}. Callers hold the
 * lock of the VM; the room takes none but leaves.
 */
@NullMarked
package dev.banger.snapshot;

import org.jspecify.annotations.NullMarked;
