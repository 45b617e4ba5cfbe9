package dev.banger.image;

import java.util.List;
import java.util.UUID;

/**
 * What a source says about the disk it made.
 *
 * @param provenance where it came from, exactly
 * @param digest SHA-256 of what went into it
 * @param uuid of its file system
 * @param hasInit whether it can be booted by an init of its own
 * @param command what runs when the user names none
 * @param environment {@code K=V}
 * @param user who runs it; empty is root
 */
public record Pulled(
    String provenance,
    String digest,
    UUID uuid,
    boolean hasInit,
    List<String> command,
    List<String> environment,
    String user) {
  public Pulled {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
  }
}
