/**
 * Where a VM may connect to: how users write it, what it means for one destination, and what the
 * packet filter is told. Start at {@link dev.banger.net.egress.Egress}. Asks nobody, changes
 * nothing, takes no lock.
 */
@NullMarked
package dev.banger.net.egress;

import org.jspecify.annotations.NullMarked;
