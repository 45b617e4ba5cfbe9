package dev.banger.net;

import java.time.Instant;

/** A name that a VM asked for and its list does not have. */
public record AskedName(String name, long count, Instant first, Instant last) {}
