package dev.banger.vmm;

import dev.banger.model.ByteSize;

/**
 * A machine as it runs.
 *
 * @param ownNetwork whether its card is on the network that the VMM brings
 */
public record Machine(int cpus, ByteSize memory, boolean ownNetwork) {}
