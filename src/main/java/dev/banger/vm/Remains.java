package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.image.Images;
import dev.banger.image.disk.Trees;
import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.VmId;
import dev.banger.net.port.Publications;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmRemains;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes back what VMs leave on the host, by what is found there: also what a daemon left that died
 * half-way. Every method may be called again, and under the VM's lock only.
 */
final class Remains {
  /** What a driver leaves, newest first. */
  private static final List<StepKind> OF_A_RUN =
      List.of(StepKind.VMM, StepKind.VMM_JAIL, StepKind.GUEST_MEMORY, StepKind.RUN_DIRECTORY);

  private static final Logger LOG = LoggerFactory.getLogger(Remains.class);

  private final VmTable table;
  private final Images images;
  private final Capabilities capabilities;
  private final Publications publications;
  private final Directories directories;
  private final Plans plans;
  private final Transitions transitions;
  private final Map<StepKind, Undoer> driver;

  Remains(VmParts parts, Plans plans, Transitions transitions) {
    this.transitions = transitions;
    this.table = parts.table();
    this.images = parts.images();
    this.capabilities = parts.capabilities();
    this.publications = parts.publications();
    this.directories = parts.directories();
    this.plans = plans;
    this.driver = parts.driver().undoers();
  }

  /** Says how the steps of this room are undone. */
  void addTo(Journal journal) {
    journal.undoers(driver);
    journal.undoer(StepKind.VM_RECORD, step -> remove(id(step), "it could not be made"));
    journal.undoer(StepKind.VM_DIRECTORY, step -> removeDirectories(id(step)));
    journal.undoer(StepKind.VM_REMOVAL, step -> remove(id(step), ""));
    journal.undoer(StepKind.TEARDOWN, this::finish);
    journal.undoer(StepKind.HOOKS, step -> cleanUpHooks(id(step)));
  }

  static Step step(StepKind kind, VmId id) {
    return new Step(kind, id.value(), List.of());
  }

  private static VmId id(Step step) {
    return new VmId(step.owner());
  }

  /** What a daemon that died had begun: also the word of how the run came to its end. */
  private void finish(Step teardown) throws BangerException, InterruptedException {
    endRun(id(teardown));
    Optional<VmRow> row = transitions.row(id(teardown));
    if (row.isPresent()) {
      RunEnd.settle(teardown.operands(), row.get(), transitions);
    }
  }

  /** Its VMM ends, if it runs, and all goes that it had on the host for this run. */
  void endRun(VmId id) throws BangerException, InterruptedException {
    VmmFiles files = new VmmFiles(id, directories.vmRun(id), directories.vm(id));
    for (StepKind kind : OF_A_RUN) {
      Undoer undoer = driver.get(kind);
      if (undoer != null) {
        undoer.undo(VmmRemains.step(kind, files));
      }
    }
    cleanUpHooks(id);
  }

  private void cleanUpHooks(VmId id) throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent() && !row.get().source().imageId().isEmpty()) {
      capabilities.cleanup(plans.of(row.get()));
    }
  }

  /**
   * The VM goes whole; its record last, so that nothing is ever without one.
   *
   * @param why for people; empty: a user wants it
   */
  void remove(VmId id, String why) throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent()) {
      transitions.deleting(row.get(), why);
    }
    removeDirectories(id);
    if (row.isPresent()) {
      transitions.deleted(row.get(), why);
      publications.release(id);
      collectImage(row.get().source().imageId());
    }
  }

  /** What cannot be removed now the reaper removes. */
  private void collectImage(String image) throws InterruptedException {
    try {
      images.collect(image, () -> usersOfImage(image));
    } catch (BangerException e) {
      LOG.warn("the deleted image {} is still there", image, e);
    }
  }

  /** Removes images whose names were taken away and that no VM uses any more. */
  void collectImages() throws BangerException, InterruptedException {
    images.collect(image -> () -> usersOfImage(image.id()));
  }

  private List<String> usersOfImage(String image) throws BangerException {
    return table.all().stream()
        .filter(row -> row.source().imageId().equals(image))
        .map(row -> row.name().value())
        .toList();
  }

  private void removeDirectories(VmId id) throws BangerException, InterruptedException {
    endRun(id);
    Trees.removeAll(List.of(directories.vmRun(id), directories.vm(id)));
  }
}
