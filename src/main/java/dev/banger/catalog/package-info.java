/**
 * Catalogs of bundles: what a catalog's file says, and the signatures in it. Start with {@link
 * dev.banger.catalog.Catalog}. Reads and writes no file, and takes no locks.
 */
@NullMarked
package dev.banger.catalog;

import org.jspecify.annotations.NullMarked;
