/**
 * Ports of guests on addresses of the host. {@link dev.banger.net.port.Publications} knows what is
 * to be published, {@link dev.banger.net.port.Forwarder} listens for the VMs that run and joins
 * connections to their guests, which a {@link dev.banger.net.port.GuestDialer} reaches. Takes no
 * locks but leaves.
 */
@NullMarked
package dev.banger.net.port;

import org.jspecify.annotations.NullMarked;
