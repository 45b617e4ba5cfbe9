package dev.banger.lock;

/** A lock that has a place in the order. */
interface Ranked {
  LockRank rank();
}
