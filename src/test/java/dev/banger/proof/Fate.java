package dev.banger.proof;

import dev.banger.api.VmApi;
import org.jspecify.annotations.Nullable;

/** What a VM can be while nothing is being done to it. */
enum Fate {
  ABSENT,
  CREATED,
  STOPPED,
  FAILED,
  RUNNING;

  /** Null while something is being done to it. */
  static @Nullable Fate of(VmApi.View view) {
    return switch (view.state()) {
      case "created" -> CREATED;
      case "stopped" -> STOPPED;
      case "failed" -> FAILED;
      case "running" -> RUNNING;
      default -> null;
    };
  }
}
