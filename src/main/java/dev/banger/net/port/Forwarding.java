package dev.banger.net.port;

import dev.banger.store.PublicationRow.Protocol;

/**
 * One place of the host that stands for a port of a guest.
 *
 * @param host {@code 127.0.0.1:8080}
 * @param own it is the VM's own address: there because something else is published
 * @param open whether the host listens there
 * @param problem why not, when it should
 */
public record Forwarding(
    Protocol protocol, String host, int guestPort, boolean own, boolean open, String problem) {}
