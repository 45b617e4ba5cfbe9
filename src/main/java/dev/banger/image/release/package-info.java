/**
 * Releases of VMMs that a catalog of the user's lists: fetched, checked, kept side by side. Start
 * with {@link dev.banger.image.release.Releases}. Takes no lock.
 */
@NullMarked
package dev.banger.image.release;

import org.jspecify.annotations.NullMarked;
