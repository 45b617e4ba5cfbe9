/**
 * The VMs' name server: it knows every VM by its name and asks the host's resolvers for the rest.
 * Start at {@link dev.banger.net.dns.DnsServer}. Messages are read and written by dnsjava; sockets,
 * cache and limits are here.
 */
@NullMarked
package dev.banger.net.dns;

import org.jspecify.annotations.NullMarked;
