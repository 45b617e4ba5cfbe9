package dev.banger.image;

import java.util.UUID;

/**
 * What a source says about the disk it made.
 *
 * @param provenance where it came from, exactly
 * @param digest SHA-256 of what went into it
 * @param uuid of its file system
 * @param hasInit whether it can be booted by an init of its own
 * @param defaults how it wants to be run
 */
public record Pulled(
    String provenance, String digest, UUID uuid, boolean hasInit, ImageDefaults defaults) {}
