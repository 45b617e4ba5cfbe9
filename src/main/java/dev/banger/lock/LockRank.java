package dev.banger.lock;

/** The order in which locks are taken, outermost first. */
public enum LockRank {
  /** One VM's lifecycle; held across a whole start, stop or delete. */
  VM(0),
  /** One VM's workspace; held while files move in or out of the guest. */
  WORKSPACE(1),
  /** Name, address and record of a VM being created. Peer of IMAGE_OPS: never both. */
  CREATE_VM(2),
  /** Publication of a finished image; never held while downloading. */
  IMAGE_OPS(2),
  /** Private to one class; nothing is acquired under it. */
  LEAF(3);

  private final int level;

  LockRank(int level) {
    this.level = level;
  }

  /** Strictly deeper only: no peers, no two VMs, no re-entry. */
  boolean mayBeTakenUnder(LockRank held) {
    return level > held.level;
  }
}
