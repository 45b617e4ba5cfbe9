package dev.banger.net.dns;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/** So many things at a time, and of one asker a small part of them: nobody takes it all. */
final class Shares {
  private final LeafLock lock = new LeafLock("dns-shares");
  private final int all;
  private final int each;

  @GuardedBy("lock")
  private final Map<InetAddress, Integer> taken = new HashMap<>();

  @GuardedBy("lock")
  private int total;

  Shares(int all, int each) {
    this.all = all;
    this.each = each;
  }

  /** False: there is nothing left for this one. */
  boolean take(InetAddress asker) {
    lock.lock();
    try {
      int now = taken.getOrDefault(asker, 0);
      if (total >= all || now >= each) {
        return false;
      }
      taken.put(asker, now + 1);
      total++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** What was taken is over. */
  void give(InetAddress asker) {
    lock.lock();
    try {
      taken.computeIfPresent(asker, (_, now) -> now == 1 ? null : now - 1);
      total--;
    } finally {
      lock.unlock();
    }
  }
}
