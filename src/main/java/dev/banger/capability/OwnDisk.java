package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.image.disk.DiskFile;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The disks that a VM has for itself, each a file in its directory. The VM's record says how large
 * they are to be; a start makes them so, the file before the guest boots and the file system in it
 * once it is up.
 */
public enum OwnDisk {
  /** The VM's changes over its image. */
  SYSTEM("system.ext4", DiskTemplate.Role.UPPER, StepKind.SYSTEM_DISK, "/run/banger/layers/upper"),
  /** The guest's home directory. */
  WORK("work.ext4", DiskTemplate.Role.WORK, StepKind.WORK_DISK, "/root");

  /** Sizes are whole units of this. */
  public static final ByteSize UNIT = ByteSize.mib(1);

  private static final Duration DEVICE_LIMIT = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final String name;
  private final DiskTemplate.Role role;
  private final StepKind step;
  private final String mountPoint;

  OwnDisk(String name, DiskTemplate.Role role, StepKind step, String mountPoint) {
    this.name = name;
    this.role = role;
    this.step = step;
    this.mountPoint = mountPoint;
  }

  /** Of the VM with this directory. */
  public DiskFile in(Path directory) {
    return new DiskFile(directory.resolve(name));
  }

  /** Where the guest has it. */
  public String mountPoint() {
    return mountPoint;
  }

  /** The file, made when it is missing, enlarged when the VM is to have a larger one. */
  DiskFile prepare(
      Path directory, ByteSize size, DiskTemplate.Life life, DiskTemplates templates, Steps steps)
      throws BangerException, InterruptedException {
    DiskFile disk = in(directory);
    ByteSize whole = size.roundUp(UNIT);
    if (!disk.exists()) {
      templates.of(role, size, life).copyTo(disk.file(), steps, step);
    } else if (disk.size().compareTo(whole) < 0) {
      ByteSize _ =
          steps.pass(
              Step.of(StepKind.DISK_GROWTH, steps.owner(), disk.file()), () -> disk.grow(whole));
    }
    return disk;
  }

  /** After a start: a file system that is smaller than its disk grows. */
  void fill(Path directory, Guest guest) throws BangerException, InterruptedException {
    DiskFile disk = in(directory);
    ByteSize size = disk.size();
    if (disk.fileSystem().compareTo(size) < 0) {
      ByteSize _ = growInside(guest, size);
    }
  }

  /**
   * Grows the file system to its device; returns when it has this size. A device that has just
   * grown shows it in the guest a moment later.
   */
  public ByteSize growInside(Guest guest, ByteSize size)
      throws BangerException, InterruptedException {
    return growInside(guest, mountPoint, size);
  }

  static ByteSize growInside(Guest guest, String mountPoint, ByteSize size)
      throws BangerException, InterruptedException {
    long until = System.nanoTime() + DEVICE_LIMIT.toNanos();
    ByteSize now = guest.grow(mountPoint);
    while (now.compareTo(size) < 0) {
      if (System.nanoTime() > until) {
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "the guest's " + mountPoint + " has " + now + ", and should have " + size,
            "`banger vm restart` gives the guest the new size");
      }
      Thread.sleep(PAUSE);
      now = guest.grow(mountPoint);
    }
    return now;
  }
}
