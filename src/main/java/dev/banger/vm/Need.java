package dev.banger.vm;

import dev.banger.model.ByteSize;
import dev.banger.store.VmRow;

/** What a VM takes of the host when it starts. */
record Need(int cpus, ByteSize memory) {
  /** QEMU's own threads beside those of processors, some of them for disks, and the shim. */
  private static final int OWN_TASKS = 16;

  /** The daemon's sockets, pid descriptors and logs for it. */
  private static final int DESCRIPTORS = 32;

  static Need of(VmRow.Shape shape) {
    return new Need(shape.cpus(), shape.memory());
  }

  long tasks() {
    return (long) cpus + OWN_TASKS;
  }

  long descriptors() {
    return DESCRIPTORS;
  }
}
