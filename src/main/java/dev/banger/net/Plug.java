package dev.banger.net;

import dev.banger.model.VmId;
import java.net.InetAddress;

/**
 * A VM whose card is plugged into the bridge.
 *
 * @param mac with colons
 * @param local its IPv6 link-local address, from its MAC
 * @param nat whether its packets leave under the host's address
 * @param network the number of the network whose members it sees; 0: it sees nobody
 * @param egress where its packets may go
 */
record Plug(
    VmId vm,
    String tap,
    String mac,
    InetAddress address4,
    InetAddress address6,
    InetAddress local,
    boolean nat,
    int network,
    Egress egress) {}
