/**
 * Virtual machine monitors: start one, find it again after a restart of the daemon, learn how it
 * ended. Start with {@link dev.banger.vmm.Vmm}, the port; each sub-room is a driver. Takes leaf
 * locks only.
 */
@NullMarked
package dev.banger.vmm;

import org.jspecify.annotations.NullMarked;
