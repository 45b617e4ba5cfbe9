/**
 * The one narrow door to what only root may do on the host. Start at {@link
 * dev.banger.privileged.HostNetwork}. Its callers know what they want and never how it is done, so
 * that the doing can move to a process of its own.
 */
@NullMarked
package dev.banger.privileged;

import org.jspecify.annotations.NullMarked;
