package dev.banger.proof;

import java.time.Duration;

/**
 * How hard it blows.
 *
 * @param owned VMs that one client alone works on: what it is told must be so, at once
 * @param contended VMs that all clients work on at the same time
 * @param scripted whether guests can be told to end through the VMM's socket
 */
record StormSettings(
    long seed,
    int clients,
    int owned,
    int contended,
    Duration duration,
    int kills,
    boolean scripted) {
  /** The seed of {@code -Dbanger.storm.seed}, or this one. */
  static long seed(long otherwise) {
    return Long.getLong("banger.storm.seed", otherwise);
  }
}
