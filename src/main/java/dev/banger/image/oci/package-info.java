/**
 * Images as the Open Container Initiative and docker define them, from a registry, a layout
 * directory or an archive: verified, their layers as plain tar streams. Start with {@link
 * dev.banger.image.oci.OciClient}. Takes leaf locks only.
 */
@NullMarked
package dev.banger.image.oci;

import org.jspecify.annotations.NullMarked;
