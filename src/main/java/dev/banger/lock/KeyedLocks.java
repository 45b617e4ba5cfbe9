package dev.banger.lock;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * One {@link OrderedLock} a key, all of one rank. An entry is never dropped: removing a lock that
 * someone waits on would let two in.
 */
public final class KeyedLocks<K> {
  private final LockRank rank;
  private final ConcurrentMap<K, OrderedLock> locks = new ConcurrentHashMap<>();

  public KeyedLocks(LockRank rank) {
    this.rank = rank;
  }

  public OrderedLock of(K key) {
    return locks.computeIfAbsent(key, k -> new OrderedLock(rank, k.toString()));
  }

  public Held acquire(K key) throws InterruptedException {
    return of(key).acquire();
  }
}
