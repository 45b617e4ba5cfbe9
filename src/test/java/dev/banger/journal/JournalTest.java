package dev.banger.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JournalTest {
  private final MemoryJournal store = new MemoryJournal();
  private final List<String> host = new CopyOnWriteArrayList<>();
  private final List<String> stubborn = new CopyOnWriteArrayList<>();
  private Journal journal = store.open();

  @BeforeEach
  void undoTakesThingsOffTheHost() {
    journal = open();
  }

  /** As the next daemon does. */
  private Journal open() {
    Journal opened = store.open();
    for (StepKind kind : List.of(StepKind.VM_DIRECTORY, StepKind.VMM)) {
      opened.undoer(kind, this::takeOff);
    }
    return opened;
  }

  private void takeOff(Step step) throws BangerException {
    String thing = step.operands().getFirst();
    if (stubborn.contains(thing)) {
      throw new BangerException(ErrorCode.INTERNAL, thing + " does not go", "");
    }
    host.remove(thing);
  }

  private static Step step(StepKind kind, String thing) {
    return new Step(kind, "web", List.of(thing));
  }

  private void directoryAndVmm(Steps steps) throws Exception {
    steps.take(step(StepKind.VM_DIRECTORY, "directory"), () -> host.add("directory"));
    steps.take(step(StepKind.VMM, "vmm"), () -> host.add("vmm"));
  }

  @Test
  void whatIsKeptStaysAndIsForgotten() throws Exception {
    try (Steps steps = journal.steps("web")) {
      directoryAndVmm(steps);
      assertThat(store.all()).hasSize(2).allMatch(Entry::done);
      steps.keep();
    }
    assertThat(host).containsExactly("directory", "vmm");
    assertThat(store.all()).isEmpty();
  }

  @Test
  void whatIsNotKeptIsUndoneNewestFirst() throws Exception {
    List<String> order = new ArrayList<>();
    Journal observed = new MemoryJournal().open();
    for (StepKind kind : List.of(StepKind.VM_DIRECTORY, StepKind.VMM)) {
      observed.undoer(kind, step -> order.add(step.operands().getFirst()));
    }
    try (Steps steps = observed.steps("web")) {
      directoryAndVmm(steps);
    }
    assertThat(order).containsExactly("vmm", "directory");
  }

  @Test
  void aStepThatFailsHalfWayIsUndoneToo() throws Exception {
    assertThatThrownBy(
            () -> {
              try (Steps steps = journal.steps("web")) {
                steps.take(
                    step(StepKind.VMM, "vmm"),
                    () -> {
                      host.add("vmm");
                      throw new BangerException(ErrorCode.VMM_FAILED, "half-way", "");
                    });
              }
            })
        .hasMessage("half-way");
    assertThat(host).isEmpty();
    assertThat(store.all()).isEmpty();
  }

  @Test
  void undoGoesOnWhenItsThreadIsInterrupted() throws Exception {
    try (Steps steps = journal.steps("web")) {
      directoryAndVmm(steps);
      Thread.currentThread().interrupt();
    }
    assertThat(Thread.interrupted()).isTrue();
    assertThat(host).isEmpty();
  }

  @Test
  void theNextDaemonUndoesWhatADeadOneLeft() throws Exception {
    directoryAndVmm(journal.steps("web")); // never closed: it was killed
    Journal next = open();
    assertThat(next.leftovers()).hasSize(2);
    assertThat(next.settle("web"))
        .extracting(entry -> entry.step().kind())
        .containsExactly(StepKind.VMM, StepKind.VM_DIRECTORY);
    assertThat(host).isEmpty();
    assertThat(store.all()).isEmpty();
    assertThat(next.settle("web")).isEmpty();
  }

  @Test
  void whatCannotBeUndoneStaysWithItsReasonAndIsTriedAgain() throws Exception {
    stubborn.add("vmm");
    Steps steps = journal.steps("web");
    directoryAndVmm(steps);
    assertThatThrownBy(steps::close).rootCause().hasMessage("vmm does not go");
    assertThat(host).as("older steps wait for newer ones").containsExactly("directory", "vmm");
    assertThat(journal.leftovers()).extracting(Entry::tries).containsExactly(0, 1);
    assertThat(store.all().getLast().error()).isEqualTo("vmm does not go");
    assertThatThrownBy(() -> journal.settle("web")).hasMessageContaining("cannot remove the VMM");
    assertThat(journal.leftovers().getLast().tries()).isEqualTo(2);

    stubborn.clear();
    assertThat(journal.settle("web")).hasSize(2);
    assertThat(host).isEmpty();
    assertThat(store.all()).isEmpty();
  }

  @Test
  void nobodyTakesStepsForAnOwnerWithLeftovers() throws Exception {
    stubborn.add("vmm");
    Steps steps = journal.steps("web");
    directoryAndVmm(steps);
    assertThatThrownBy(steps::close).isInstanceOf(BangerException.class);
    assertThatThrownBy(() -> journal.steps("web")).hasMessageContaining("cannot remove the VMM");
    journal.steps("other").close();

    stubborn.clear();
    journal.steps("web").close();
    assertThat(host).isEmpty();
  }

  @Test
  void whatInnerStepsKeepTheOuterOnesCanUndo() throws Exception {
    try (Steps outer = journal.steps("web")) {
      outer.take(step(StepKind.VM_DIRECTORY, "directory"), () -> host.add("directory"));
      try (Steps inner = journal.steps("web")) {
        inner.take(step(StepKind.VMM, "vmm"), () -> host.add("vmm"));
        inner.keep();
      }
      assertThat(host).contains("vmm");
      assertThat(store.all()).hasSize(2);
    }
    assertThat(host).isEmpty();
    assertThat(store.all()).isEmpty();
  }

  @Test
  void stepsBelongToTheOperationOfTheirThread() throws Exception {
    Steps steps = journal.steps("web");
    steps.take(step(StepKind.VM_DIRECTORY, "directory"), () -> {});
    ScopedValue.where(Journal.OPERATION, "42")
        .call(() -> {
          steps.take(step(StepKind.VMM, "vmm"), () -> {});
          assertThat(store.all()).extracting(Entry::operation).containsExactly("", "42");
          steps.attribute();
          return "";
        });
    assertThat(store.all()).extracting(Entry::operation).containsExactly("42", "42");
    steps.close();
  }

  @Test
  void everyMomentOfAStepIsObserved() throws Exception {
    List<String> seen = new ArrayList<>();
    Journal observed =
        new MemoryJournal().open((moment, step) -> seen.add(moment + " " + step.kind()));
    try (Steps steps = observed.steps("web")) {
      steps.take(step(StepKind.VMM, "vmm"), () -> seen.add("action"));
      steps.keep();
    }
    assertThat(seen)
        .containsExactly("BEFORE VMM", "action", "AFTER VMM", "KEEPING VMM", "KEPT VMM");
  }
}
