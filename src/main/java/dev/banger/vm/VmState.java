package dev.banger.vm;

/** What is true of a VM now. */
public sealed interface VmState {
  /** As clients have it. */
  String name();

  /** Why it is so, for people; empty when somebody asked for it, or nothing is to be said. */
  String reason();

  /** Nothing runs: it is creating, created, starting, stopped, failed or deleting. */
  record Down(String name, String reason) implements VmState {}

  /**
   * Its VMM runs.
   *
   * @param name running; unresponsive: its agent does not answer; paused: its VMM or its processors
   *     are stopped; starting, stopping, deleting
   * @param pid of the VMM
   * @param accelerator kvm or tcg
   */
  record Up(String name, String reason, long pid, String accelerator) implements VmState {}
}
