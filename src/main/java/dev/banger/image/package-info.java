/**
 * Root file systems that VMs boot from: where they come from, and where they are kept. Start with
 * {@link dev.banger.image.Images}. Takes IMAGE_OPS for publication.
 */
@NullMarked
package dev.banger.image;

import org.jspecify.annotations.NullMarked;
