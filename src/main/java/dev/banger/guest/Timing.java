package dev.banger.guest;

import java.time.Duration;

/** When something was reached, since the guest's kernel started. */
public record Timing(String name, Duration sinceBoot) {
  static Timing read(WireReader in) throws MalformedException {
    return new Timing(in.string(), Duration.ofNanos(in.u64()));
  }
}
