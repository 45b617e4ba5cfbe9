/**
 * Bundles, each one file with all that an image needs, and the catalogs that list them. Start with
 * {@link dev.banger.image.catalog.Catalogs} and {@link dev.banger.image.catalog.BundleReader}.
 * Takes no locks.
 */
@NullMarked
package dev.banger.image.catalog;

import org.jspecify.annotations.NullMarked;
