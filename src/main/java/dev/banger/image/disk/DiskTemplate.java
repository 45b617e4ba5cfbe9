package dev.banger.image.disk;

import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * An empty file system, made once and copied for each VM.
 *
 * @param size of the disk; the file takes a few hundred KiB
 */
public record DiskTemplate(Role role, ByteSize size, Path file) {
  /** How long what is written to a disk counts. */
  public enum Life {
    /** Over crashes of guest and host: the file system has a journal. */
    KEPT,
    /** Until the VM ends: without a journal, which costs a boot and each write. */
    ONE_RUN
  }

  /** What a disk is for; its UUID is how the guest finds it. */
  public enum Role {
    /** The VM's own changes over the shared image. */
    UPPER("5d0e9f1c-7c1b-4b6e-9a52-62616e670001"),
    /** The VM's home; its root belongs to root and is closed to others. */
    WORK("5d0e9f1c-7c1b-4b6e-9a52-62616e670002");

    private final String uuid;

    Role(String uuid) {
      this.uuid = uuid;
    }

    /** The same for every disk of this role: no guest has two of them. */
    public UUID uuid() {
      return UUID.fromString(uuid);
    }

    public String label() {
      return "banger-" + name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A disk of its own at {@code target}, which must not exist; costs milliseconds whatever the
   * size. Not written to the disk yet: a crash of the host may lose it.
   */
  public void copyTo(Path target) throws BangerException {
    new DiskFile(file).copyTo(target);
  }

  /** As {@link #copyTo(Path)}, in a step of this kind. */
  public void copyTo(Path target, Steps steps, StepKind kind)
      throws BangerException, InterruptedException {
    new DiskFile(file).copyTo(target, steps, kind);
  }

  /** Removes a half-made copy. A whole one belongs to its VM's directory. */
  static void undo(Step step) throws BangerException {
    Trees.removeAll(List.of(step.path(0)));
  }
}
