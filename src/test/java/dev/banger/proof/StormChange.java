package dev.banger.proof;

import dev.banger.api.SetApi;
import dev.banger.api.VmApi;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What {@code vm set} changes of a VM in a storm, all of it at once. */
record StormChange(String round, int cpus, long memory, String restart) {
  private static final String LABEL = "round";
  private static final String ON_FAILURE = "on-failure";
  private static final long MIB = 1 << 20;

  /** What a VM has. */
  static StormChange of(VmApi.View view) {
    return new StormChange(
        view.labels().getOrDefault(LABEL, ""),
        view.cpus(),
        view.memory(),
        view.policies().restart());
  }

  /**
   * Another one.
   *
   * @param off the VM does not run: it can have other processors and memory at once
   * @param quick it starts in a moment, so it may be restarted when it fails
   */
  static StormChange any(Random random, int client, StormChange old, boolean off, boolean quick) {
    return new StormChange(
        round(random, client),
        off ? 1 + random.nextInt(2) : old.cpus(),
        off ? (random.nextBoolean() ? 192 : 200) * MIB : old.memory(),
        quick && random.nextBoolean() ? ON_FAILURE : "no");
  }

  static String round(Random random, int client) {
    return client + "-" + Long.toHexString(random.nextLong());
  }

  /** As the event of the change has it. */
  static String word(String round) {
    return "label-" + LABEL + "=" + round;
  }

  String word() {
    return word(round);
  }

  boolean restartsItself() {
    return restart.equals(ON_FAILURE);
  }

  SetApi.Change request(String vm) {
    return new SetApi.Change(
        vm, cpus, memory, 0, restart, Map.of(LABEL, round), List.of(), null, null, null);
  }

  /** Nothing but the label. */
  static SetApi.Change labelled(String vm, String round) {
    return new SetApi.Change(vm, 0, 0, 0, null, Map.of(LABEL, round), List.of(), null, null, null);
  }
}
