package dev.banger.image.disk;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** A raw disk with an ext4 on it. */
public record DiskFile(Path file) {
  public boolean exists() {
    return Files.exists(file);
  }

  /** What the guest sees, holes included. */
  public ByteSize size() throws BangerException {
    try {
      return new ByteSize(Files.size(file));
    } catch (IOException e) {
      throw Trees.failure("cannot look at the disk " + file, e);
    }
  }

  /** What it takes of the host. */
  public ByteSize allocated() throws BangerException {
    try {
      return new ByteSize(FileCalls.allocated(file));
    } catch (SystemCallException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "cannot look at the disk " + file, "check that it is there", e);
    }
  }

  /**
   * What the file system on it fills. While somebody has it mounted, or after a crash until it is
   * mounted again, this may be its size before it grew last.
   */
  public ByteSize fileSystem() throws BangerException {
    try {
      return Superblock.read(file)
          .orElseThrow(() ->
              new BangerException(
                  ErrorCode.CORRUPT, "there is no ext4 on " + file, "the VM must be made anew"))
          .size();
    } catch (IOException e) {
      throw Trees.failure("cannot read the disk " + file, e);
    }
  }

  /** Whether it was unmounted in order: reading it needs no write to it. */
  public boolean isClean() throws BangerException {
    try {
      return Superblock.read(file).filter(Superblock::clean).isPresent();
    } catch (IOException e) {
      throw Trees.failure("cannot read the disk " + file, e);
    }
  }

  /**
   * A copy at {@code target}, which must not exist, holes as holes. Not written to the disk yet: a
   * crash of the host may lose it.
   */
  public void copyTo(Path target) throws BangerException {
    try {
      SparseCopy.copy(file, target);
    } catch (IOException e) {
      throw Trees.failure("cannot make the disk " + target, e);
    }
  }

  /** As {@link #copyTo(Path)}, in a step of this kind. */
  public void copyTo(Path target, Steps steps, StepKind kind)
      throws BangerException, InterruptedException {
    steps.take(Step.of(kind, steps.owner(), SparseCopy.beside(target)), () -> copyTo(target));
  }

  /**
   * Makes the file larger, by a hole; never smaller. Its file system stays as it is. Returns its
   * size.
   */
  public ByteSize grow(ByteSize wanted) throws BangerException {
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      if (disk.length() < wanted.bytes()) {
        disk.setLength(wanted.bytes());
      }
      return new ByteSize(disk.length());
    } catch (IOException e) {
      throw Trees.failure("cannot enlarge the disk " + file + " to " + wanted, e);
    }
  }
}
