package dev.banger.vm;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What a VM is seen to be doing; an event tells of each change of it. */
enum Phase {
  CREATING,
  /** Made, never started. */
  CREATED,
  STARTING,
  RUNNING,
  /** Its VMM runs, but its agent does not answer. */
  UNRESPONSIVE,
  /** Its VMM, or its processors, are stopped. */
  PAUSED,
  STOPPING,
  STOPPED,
  FAILED,
  DELETING;

  /** Those of a VM that is up, well or not. */
  static final Set<Phase> UP = EnumSet.of(RUNNING, UNRESPONSIVE, PAUSED);

  static final Set<Phase> ALL = EnumSet.allOf(Phase.class);

  /** As events and clients have it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
