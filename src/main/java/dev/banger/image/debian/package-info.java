/**
 * The host's own package sources, used without touching its packages. Start with {@link
 * dev.banger.image.debian.PrivateApt}. Takes no locks.
 */
@NullMarked
package dev.banger.image.debian;

import org.jspecify.annotations.NullMarked;
