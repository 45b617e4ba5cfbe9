/**
 * Disk images as files: ext4 made by mke2fs, directories published whole, empty disks copied in
 * milliseconds. Start with {@link dev.banger.image.disk.Publication}. Takes no locks.
 */
@NullMarked
package dev.banger.image.disk;

import org.jspecify.annotations.NullMarked;
