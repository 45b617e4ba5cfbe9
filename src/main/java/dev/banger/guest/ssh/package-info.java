/**
 * SSH to guests: the daemon's own key. Start at {@link dev.banger.guest.ssh.DaemonKey}. Takes a
 * leaf lock while the key is made.
 */
@NullMarked
package dev.banger.guest.ssh;

import org.jspecify.annotations.NullMarked;
