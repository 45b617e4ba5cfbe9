/**
 * Kernels with their modules, and the initramfs that boots them. Start with {@link
 * dev.banger.image.kernel.Kernels}. Takes IMAGE_OPS for publication.
 */
@NullMarked
package dev.banger.image.kernel;

import org.jspecify.annotations.NullMarked;
