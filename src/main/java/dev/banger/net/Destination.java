package dev.banger.net;

import java.net.InetAddress;
import java.time.Instant;

/**
 * Where a VM wanted to go.
 *
 * @param protocol its number
 * @param protocolName as the packet filter calls it
 * @param port 0 where the protocol has none
 * @param count of packets that were refused, or that opened connections
 */
public record Destination(
    InetAddress address,
    int protocol,
    String protocolName,
    int port,
    long count,
    Instant first,
    Instant last) {}
