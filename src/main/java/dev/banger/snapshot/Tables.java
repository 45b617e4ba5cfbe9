package dev.banger.snapshot;

import dev.banger.model.ByteSize;
import dev.banger.privileged.BlockDevices;
import dev.banger.privileged.BlockDevices.Stretch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tables of a VM's devices. */
final class Tables {
  /** What the tables are made of. */
  static final List<String> TARGETS = List.of("linear", "zero", "snapshot", "error");

  /**
   * A changed block takes as much of the store. Four blocks of ext4: a file's data comes in more,
   * and what must be remembered of each changed one, in memory and in the store, is a quarter.
   */
  static final ByteSize CHUNK = ByteSize.kib(16);

  private Tables() {}

  static long sectors(ByteSize size) {
    return size.bytes() / BlockDevices.SECTOR.bytes();
  }

  static ByteSize bytes(long sectors) {
    return new ByteSize(sectors * BlockDevices.SECTOR.bytes());
  }

  /** The image, and zeros behind it up to the disk's size. */
  static List<Stretch> base(String image, ByteSize imageSize, ByteSize size) {
    long below = sectors(imageSize);
    long all = Math.max(sectors(size), below);
    List<Stretch> table = new ArrayList<>();
    table.add(new Stretch(0, below, "linear", image + " 0"));
    if (all > below) {
      table.add(new Stretch(below, all - below, "zero", ""));
    }
    return table;
  }

  /** As {@link #base}, from the table that is there: its image with more zeros behind it. */
  static List<Stretch> enlarged(List<Stretch> base, ByteSize size) {
    Stretch image = base.getFirst();
    return base(
        image.parameters().substring(0, image.parameters().indexOf(' ')),
        bytes(image.length()),
        size);
  }

  /**
   * Persistent. A store that is full refuses what is written then (O), and is not lost: the VMM
   * stops the guest, and tries again when there is room.
   */
  static List<Stretch> snapshot(Path base, Path store, long sectors) {
    return List.of(
        new Stretch(0, sectors, "snapshot", base + " " + store + " PO " + sectors(CHUNK)));
  }

  /** In place of a snapshot while it is read anew. */
  static List<Stretch> nothing(long sectors) {
    return List.of(new Stretch(0, sectors, "error", ""));
  }

  static long length(List<Stretch> table) {
    return table.stream().mapToLong(Stretch::length).sum();
  }
}
