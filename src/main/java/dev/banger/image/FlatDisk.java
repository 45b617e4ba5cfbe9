package dev.banger.image;

import dev.banger.ext4.Ext4Options;
import dev.banger.image.layer.Layer;
import dev.banger.image.layer.RootDisk;
import dev.banger.model.BangerException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A root file system that was made of one tree of files.
 *
 * @param hasInit whether it can be booted by an init of its own
 */
public record FlatDisk(UUID uuid, boolean hasInit) {
  /** Writes the file, which must not exist; nothing is left of it when that fails. */
  public static FlatDisk write(Layer files, Path disk, Instant now)
      throws BangerException, InterruptedException {
    UUID uuid = UUID.randomUUID();
    Ext4Options options = new Ext4Options(uuid, "banger-root", now.getEpochSecond(), 0);
    Set<String> inits =
        RootDisk.write(
            List.of(files), disk, disk.resolveSibling(""), options, Image.INITS, written -> {});
    return new FlatDisk(uuid, !inits.isEmpty());
  }
}
