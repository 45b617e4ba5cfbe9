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
  private volatile Belief belief = new Belief(EnumSet.of(Fate.ABSENT), null);

  private record Belief(Set<Fate> possible, @Nullable Long pid) {}

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
    belief = new Belief(possible, possible.contains(Fate.RUNNING) ? belief.pid() : null);
  }

  /** It was started anew, or may have been: another process serves it. */
  void forgetPid() {
    belief = new Belief(belief.possible(), null);
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
    Long now = mine.isEmpty() ? null : mine.getFirst().pid();
    if (fate == Fate.RUNNING && now == null) {
      return "runs without a pid";
    }
    if (fate == Fate.RUNNING && held.pid() != null && !held.pid().equals(now)) {
      return "has pid " + now + " and had " + held.pid() + ", though nobody started it anew";
    }
    return "";
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
      belief = new Belief(EnumSet.of(fate), view == null ? null : view.pid());
      return fate;
    }
    return belief.possible().iterator().next();
  }

  @Nullable Long pid() {
    return belief.pid();
  }
}
