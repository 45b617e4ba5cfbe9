package dev.banger.proof;

import dev.banger.api.VmApi;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A VM that one client works on, and what it must be: one thing after a call that was answered, one
 * of several after a call that the daemon's death cut off.
 */
final class OwnedVm {
  private final String name;
  private final StormLog log;

  /** Its client writes it; whoever kills the daemon reads it, too. */
  private volatile Belief belief = new Belief(EnumSet.of(Fate.ABSENT), null, null, Set.of());

  /**
   * What must be.
   *
   * @param pid of its VMM while it runs; null: any
   * @param gone the pid of a VMM that has ended; null: none has
   * @param settings one of these; empty: any
   */
  private record Belief(
      Set<Fate> possible, @Nullable Long pid, @Nullable Long gone, Set<StormChange> settings) {}

  OwnedVm(String name, StormLog log) {
    this.name = name;
    this.log = log;
  }

  String name() {
    return name;
  }

  /** From now on it must be one of these. */
  void mustBe(Fate first, Fate... others) {
    Set<Fate> possible = EnumSet.of(first, others);
    boolean runs = possible.contains(Fate.RUNNING);
    belief =
        new Belief(
            possible, runs ? belief.pid() : null, runs ? belief.gone() : null, belief.settings());
  }

  /** It was started anew, or may have been: another process serves it. */
  void forgetPid() {
    belief = new Belief(belief.possible(), null, belief.gone(), belief.settings());
  }

  /** The VMM with this pid ends now, and another may come. */
  void mustNotHave(long pid) {
    belief = new Belief(belief.possible(), null, pid, belief.settings());
  }

  /** From now on it must have one of these settings. */
  void mustHave(StormChange... settings) {
    belief =
        new Belief(belief.possible(), belief.pid(), belief.gone(), Set.copyOf(List.of(settings)));
  }

  /** What it has; null when that is not known. */
  @Nullable StormChange settings() {
    return belief.settings().size() == 1 ? belief.settings().iterator().next() : null;
  }

  /** When it fails it comes up again, as far as is known. */
  boolean restartsItself() {
    return belief.settings().stream().anyMatch(StormChange::restartsItself);
  }

  /** What is seen now, held against what must be; empty when all is well. */
  String judge(List<VmApi.View> all) {
    Belief held = belief;
    List<VmApi.View> mine = all.stream().filter(vm -> vm.name().equals(name)).toList();
    if (mine.size() > 1) {
      return "there are " + mine.size() + " of this name";
    }
    Fate fate = mine.isEmpty() ? Fate.ABSENT : Fate.of(mine.getFirst());
    if (fate == null || !held.possible().contains(fate)) {
      return "is "
          + (mine.isEmpty() ? "absent" : describe(mine.getFirst()))
          + ", must be "
          + held.possible();
    }
    if (!mine.isEmpty()) {
      String wrong = judge(held, mine.getFirst());
      if (!wrong.isEmpty()) {
        return wrong;
      }
    }
    Long now = mine.isEmpty() ? null : mine.getFirst().pid();
    if (fate == Fate.RUNNING && now == null) {
      return "runs without a pid";
    }
    if (fate == Fate.RUNNING && held.pid() != null && !held.pid().equals(now)) {
      return "has pid " + now + " and had " + held.pid() + ", though nobody started it anew";
    }
    return "";
  }

  private static String judge(Belief held, VmApi.View view) {
    StormChange settings = StormChange.of(view);
    if (!held.settings().isEmpty() && !held.settings().contains(settings)) {
      return "has " + settings + ", must have one of " + held.settings();
    }
    if (view.policies().restartAt() != null && view.pid() == null) {
      return "is about to be restarted";
    }
    return held.gone() != null && held.gone().equals(view.pid())
        ? "still has the pid " + held.gone() + ", which has ended"
        : "";
  }

  private static String describe(VmApi.View view) {
    return view.state() + (view.reason() == null ? "" : " (" + view.reason() + ")");
  }

  /** As {@link #judge}; a lie goes to the log. What is seen is what must be from now on. */
  Fate settle(List<VmApi.View> all) {
    String wrong = judge(all);
    if (!wrong.isEmpty()) {
      log.lie(name, wrong);
    }
    VmApi.View view = all.stream().filter(vm -> vm.name().equals(name)).findFirst().orElse(null);
    Fate fate = view == null ? Fate.ABSENT : Fate.of(view);
    if (fate != null) {
      belief =
          view == null
              ? new Belief(EnumSet.of(fate), null, null, Set.of())
              : new Belief(EnumSet.of(fate), view.pid(), null, Set.of(StormChange.of(view)));
      return fate;
    }
    return belief.possible().iterator().next();
  }

  @Nullable Long pid() {
    return belief.pid();
  }
}
