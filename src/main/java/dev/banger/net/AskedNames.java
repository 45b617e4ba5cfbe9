package dev.banger.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.VmId;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names that VMs asked for and their lists do not have: of each VM the latest 256, of the latest
 * 1,024 VMs, for as long as the daemon lives.
 */
final class AskedNames {
  private static final int MOST_NAMES = 256;
  private static final int MOST_VMS = 1024;

  private final LeafLock lock = new LeafLock("asked-names");

  @GuardedBy("lock")
  private final Latest<VmId, Latest<String, AskedName>> names = new Latest<>(MOST_VMS);

  /** Forgets whom nobody touched for the longest time. */
  private static final class Latest<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;
    private final int most;

    Latest(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > most;
    }
  }

  void note(VmId vm, String name, Instant now) {
    lock.lock();
    try {
      Latest<String, AskedName> all = names.get(vm);
      if (all == null) {
        all = new Latest<>(MOST_NAMES);
        names.put(vm, all);
      }
      AskedName before = all.get(name);
      all.put(
          name,
          before == null
              ? new AskedName(name, 1, now, now)
              : new AskedName(name, before.count() + 1, before.first(), now));
    } finally {
      lock.unlock();
    }
  }

  /** The latest last. */
  List<AskedName> of(VmId vm) {
    lock.lock();
    try {
      Latest<String, AskedName> all = names.get(vm);
      return all == null ? List.of() : List.copyOf(all.values());
    } finally {
      lock.unlock();
    }
  }
}
