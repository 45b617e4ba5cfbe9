package dev.banger.vm;

import java.time.Instant;

/** What is true of a VM now. */
public sealed interface VmState {
  /** Its image is being fetched, its disks made. */
  record Creating() implements VmState {}

  /** Made, never started. */
  record Created() implements VmState {}

  record Starting() implements VmState {}

  /**
   * Its VMM runs.
   *
   * @param pid of the VMM
   * @param accelerator kvm or tcg
   * @param answering whether the guest's agent is connected
   */
  record Running(long pid, String accelerator, boolean answering) implements VmState {}

  record Stopping() implements VmState {}

  /**
   * It ended in order.
   *
   * @param why for people; empty when somebody asked for it
   */
  record Stopped(Instant when, String why) implements VmState {}

  /** It ended, or did not start, against its user's will. */
  record Failed(String reason) implements VmState {}

  record Deleting() implements VmState {}
}
