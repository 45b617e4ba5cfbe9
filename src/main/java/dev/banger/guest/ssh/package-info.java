/**
 * SSH to guests: an endpoint in the daemon for every VM, the keys, and what clients read. Start at
 * {@link dev.banger.guest.ssh.SshEndpoint}. Takes leaf locks only, never around I/O to a guest.
 */
@NullMarked
package dev.banger.guest.ssh;

import org.jspecify.annotations.NullMarked;
