package dev.banger.guest;

import java.util.List;

/** The guest is configured and serves commands. */
public record Ready(List<Timing> timings, List<String> warnings, InitMode initMode) {
  static Ready read(WireReader in) throws MalformedException {
    return new Ready(in.list(Timing::read), in.strings(), InitMode.read(in));
  }
}
