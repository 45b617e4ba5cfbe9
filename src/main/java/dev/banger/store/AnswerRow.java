package dev.banger.store;

import dev.banger.model.VmId;
import java.net.InetAddress;
import java.time.Instant;

/**
 * An address that a VM was told for a name.
 *
 * @param until new connections may rely on it
 */
public record AnswerRow(VmId vm, InetAddress address, String name, Instant until) {}
