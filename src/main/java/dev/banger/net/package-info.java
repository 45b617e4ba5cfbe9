/**
 * The VMs' networks: a bridge with its taps, addresses that stay, and the packet filter. Start at
 * {@link dev.banger.net.VmNetworks}. Changes the host only through {@link
 * dev.banger.privileged.HostNetwork}.
 */
@NullMarked
package dev.banger.net;

import org.jspecify.annotations.NullMarked;
