package dev.banger.vmm;

import dev.banger.model.ByteSize;

/** Processors and memory of a machine as it runs. */
public record Machine(int cpus, ByteSize memory) {}
