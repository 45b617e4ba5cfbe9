/**
 * From the layers of an OCI image to one root file system: tar streams are read from the top layer
 * down, so that each path is written once, straight into an ext4 file. Start reading at {@link
 * dev.banger.image.layer.RootDisk}; docs/images.md says what becomes of hostile layers. Takes no
 * locks.
 */
@NullMarked
package dev.banger.image.layer;

import org.jspecify.annotations.NullMarked;
