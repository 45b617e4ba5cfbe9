package dev.banger.journal;

/**
 * Every kind of thing that banger leaves on a host. docs/state-dir.md names the kind beside each
 * thing; the undoer of a kind is registered in {@link Journal#undoer}.
 */
public enum StepKind {
  /** The row of a VM, and with it its name. Undone: the VM is removed whole. */
  VM_RECORD("the VM's record"),
  /** {@code DATA/vms/ID}. */
  VM_DIRECTORY("the VM's directory"),
  /** A VM is removed. Cut off, it is finished: there is no way back from half a disk. */
  VM_REMOVAL("the rest of a VM that is being deleted"),
  /** What the hooks prepared for one run of a VM. */
  HOOKS("what the hooks prepared"),
  /** A VM's network card: lease, tap device and place in the packet filter; HOOKS undoes it. */
  NETWORK_CARD("the network card", false),
  /** A half-copied system disk, beside the place of the whole one. */
  SYSTEM_DISK("a half-made system disk"),
  /** The image with zeros behind it, as a device of the device mapper. */
  SNAPSHOT_BASE("the base of a VM's disk"),
  /** A VM's disk as a device of the device mapper. */
  SNAPSHOT_DISK("a VM's disk device"),
  /** A half-copied work disk, beside the place of the whole one. */
  WORK_DISK("a half-made work disk"),
  /** {@code RUN/vm/ID} with its sockets and records. */
  RUN_DIRECTORY("the run directory"),
  /** The file that is the guest's RAM. */
  GUEST_MEMORY("the guest's memory"),
  /** {@code DATA/vms/ID/jail}: the directory that becomes a confined VMM's root. */
  VMM_JAIL("the VMM's jail"),
  /** The shim and the VMM under it. */
  VMM("the VMM"),
  /** A run of a VM is over: what it had on the host goes. Cut off, it is finished. */
  TEARDOWN("the rest of a run"),
  /** A half-made disk template. */
  DISK_TEMPLATE("a half-made disk template"),
  /** Programs that an operation runs: known by the mark in their environment. */
  PROGRAMS("its programs"),
  /** The tree that becomes an image. */
  BUILD_TREE("the tree of an image"),
  /** An image that has no name yet, or none any more. */
  IMAGE_STAGING("an image that is not whole"),
  /** A work seed that has no name yet, or none any more. */
  SEED_STAGING("a work seed that is not whole"),
  /** A release of a VMM that has no name yet. */
  RELEASE_STAGING("a release that is not whole"),
  /** A kernel that has no name yet, or none any more. */
  KERNEL_STAGING("a kernel that is not whole"),
  /** Another row of a VM in place of the one before: one transaction. */
  VM_SETTINGS("a change of a VM's settings", false),
  /** A disk becomes as large as its VM's row says; it is never made smaller. */
  DISK_GROWTH("the growth of a disk", false),
  /** The guest makes the file system on it as large. */
  FILE_SYSTEM_GROWTH("the growth of a file system", false);

  private final String what;
  private final boolean undone;

  StepKind(String what) {
    this(what, true);
  }

  StepKind(String what, boolean undone) {
    this.what = what;
    this.undone = undone;
  }

  /** False: it is whole at any moment, so nothing is ever undone; see {@link Steps#pass}. */
  public boolean isUndone() {
    return undone;
  }

  /** For messages: {@code the guest's memory}. */
  public String what() {
    return what;
  }
}
