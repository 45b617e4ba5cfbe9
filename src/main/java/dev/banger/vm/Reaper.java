package dev.banger.vm;

import dev.banger.image.disk.Trees;
import dev.banger.journal.Entry;
import dev.banger.journal.Journal;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.Vmm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what belongs to nobody, and undoes what could not be undone before. Says in the log what
 * it did; whatever fails is tried again the next time.
 */
final class Reaper {
  private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

  private final VmTable table;
  private final Vmm driver;
  private final Journal journal;
  private final Remains remains;
  private final Directories directories;
  private final KeyedLocks<VmId> locks;
  private final Transitions transitions;
  private final Map<String, List<String>> undone = new ConcurrentHashMap<>();

  Reaper(VmParts parts, Remains remains, KeyedLocks<VmId> locks, Transitions transitions) {
    this.transitions = transitions;
    this.table = parts.table();
    this.driver = parts.driver();
    this.journal = parts.journal();
    this.directories = parts.directories();
    this.remains = remains;
    this.locks = locks;
  }

  /** One round. */
  void run() throws InterruptedException {
    attempt("leftovers", this::settleAll);
    attempt("directories of no VM", this::sweepDirectories);
    attempt("deleted images of no VM", remains::collectImages);
    attempt("guest memory of no VM", () -> driver.reclaim(directories.vmRuns(), this::known));
  }

  @FunctionalInterface
  interface Work {
    void run() throws BangerException, InterruptedException;
  }

  static void attempt(String what, Work work) throws InterruptedException {
    try {
      work.run();
    } catch (BangerException | RuntimeException e) {
      LOG.error("cannot see to " + what, e);
    }
  }

  /** Newest first, owner by owner; those that somebody works on have none, or are next time. */
  private void settleAll() throws InterruptedException {
    Set<String> owners = new LinkedHashSet<>();
    journal.leftovers().reversed().forEach(entry -> owners.add(entry.step().owner()));
    for (String owner : owners) {
      if (!ID.matcher(owner).matches()) {
        attempt("what is left of " + owner, () -> settle(owner));
      } else {
        Optional<Held> held = locks.of(new VmId(owner)).tryAcquire();
        if (held.isPresent()) {
          try (Held _ = held.get()) {
            attempt("what is left of vm=" + owner, () -> settle(owner));
          }
        }
      }
    }
  }

  /** The caller holds the lock of the owner, when that is a VM. */
  void settle(String owner) throws BangerException, InterruptedException {
    List<String> done = new ArrayList<>();
    for (Entry entry : journal.settle(owner)) {
      String what = entry.step().kind().what();
      undone.computeIfAbsent(entry.operation(), _ -> new CopyOnWriteArrayList<>()).add(what);
      done.add(what);
    }
    if (!done.isEmpty() && ID.matcher(owner).matches()) {
      tell(new VmId(owner), "what an operation left half done was undone: " + joined(done));
    }
  }

  private static String joined(List<String> done) {
    return String.join(", ", new LinkedHashSet<>(done));
  }

  private void tell(VmId id, String what) throws BangerException {
    transitions.note(id, new Transitions.Note("reaper", what, ""));
  }

  /** What was undone up to now, by operation. */
  Map<String, List<String>> undone() {
    return Map.copyOf(undone);
  }

  private Set<VmId> known() throws BangerException {
    return table.all().stream().map(VmRow::id).collect(Collectors.toUnmodifiableSet());
  }

  /** Looked at before the records: who has a directory has had a record for longer. */
  private void sweepDirectories() throws BangerException, InterruptedException {
    Set<String> found = new TreeSet<>();
    for (Path parent : List.of(directories.vms(), directories.vmRuns())) {
      Trees.list(parent).forEach(entry -> found.add(entry.getFileName().toString()));
    }
    Set<VmId> known = known();
    for (String name : found) {
      if (ID.matcher(name).matches() && !known.contains(new VmId(name))) {
        VmId id = new VmId(name);
        try (Held _ = locks.acquire(id)) {
          LOG.info("vm={} has no record: what it left is removed", id);
          attempt(
              "vm=" + id,
              () -> {
                remains.remove(id, "it had no record");
                tell(id, "it had no record: what it left on the host was removed");
              });
        }
      }
    }
  }
}
