package dev.banger.vm;

import dev.banger.model.VmId;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One-shot VMs that a daemon before this one left running: each is removed unless the client that
 * it runs for comes back in time.
 */
final class Unclaimed {
  private static final Logger LOG = LoggerFactory.getLogger(Unclaimed.class);

  private final Duration limit;
  private final Consumer<VmId> remove;
  private final Set<VmId> waiting = ConcurrentHashMap.newKeySet();

  /**
   * @param remove called under no lock
   */
  Unclaimed(Duration limit, Consumer<VmId> remove) {
    this.limit = limit;
    this.remove = remove;
  }

  void expect(VmId id) {
    if (waiting.add(id)) {
      Thread.ofVirtual().name("unclaimed-" + id).start(() -> await(id));
    }
  }

  private void await(VmId id) {
    try {
      Thread.sleep(limit);
      if (waiting.remove(id)) {
        LOG.info("vm={} is removed: nobody came for its program within {}", id, limit);
        remove.accept(id);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Its client has come; whoever claims it sees to its end. */
  void claim(VmId id) {
    waiting.remove(id);
  }

  /** The next daemon waits for them anew. */
  void close() {
    waiting.clear();
  }
}
