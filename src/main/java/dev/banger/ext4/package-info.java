/**
 * Writes an ext4 file system into a plain file, once, from beginning to end: no root, no mount, no
 * tool. A library of its own that knows no banger; it throws {@link java.io.IOException} and takes
 * no locks. Start reading at {@link dev.banger.ext4.Ext4Writer}.
 */
@NullMarked
package dev.banger.ext4;

import org.jspecify.annotations.NullMarked;
