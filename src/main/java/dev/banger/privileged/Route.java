package dev.banger.privileged;

import java.net.InetAddress;

/**
 * A route of the host, of any table.
 *
 * @param destination the network's address, whose family says which of the two protocols it is
 * @param prefix bits of it; 0: the default route
 * @param device the interface's name; empty: none
 */
public record Route(InetAddress destination, int prefix, String device) {}
