package dev.banger.image.disk;

import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Programs;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** Empty disks by role and size, beside the VMs so that copies can share their blocks. */
public final class DiskTemplates {
  private static final Tool DEBUGFS = new Tool("debugfs", "e2fsprogs");
  private static final ByteSize LEAST = ByteSize.mib(64);
  private static final ByteSize MOST = ByteSize.gib(1024);
  private static final ByteSize UNIT = ByteSize.mib(1);

  /** Counts changes of how templates are made. */
  private static final String FORMAT = "2";

  private final Path directory;
  private final Journal journal;
  private final List<Path> unfinished;
  private final Binaries binaries;
  private final Mke2fs mke2fs;

  public DiskTemplates(Directories directories, Binaries binaries, Journal journal)
      throws BangerException {
    this.directory = directories.data().resolve("templates");
    this.journal = journal;
    this.unfinished = Publication.unfinished(directory);
    for (StepKind kind :
        List.of(StepKind.DISK_TEMPLATE, StepKind.SYSTEM_DISK, StepKind.WORK_DISK)) {
      journal.undoer(kind, DiskTemplate::undo);
    }
    this.binaries = binaries;
    this.mke2fs = Mke2fs.ofRoot(new RootView(binaries));
  }

  /** The template of this size, rounded up to whole MiB; made if it is not there yet. */
  public DiskTemplate of(DiskTemplate.Role role, ByteSize wanted, DiskTemplate.Life life)
      throws BangerException, InterruptedException {
    if (wanted.compareTo(LEAST) < 0 || wanted.compareTo(MOST) > 0) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a disk of " + wanted + " cannot be made",
          "take a size from " + LEAST + " to " + MOST);
    }
    ByteSize size = wanted.roundUp(UNIT);
    String variant = life == DiskTemplate.Life.KEPT ? "" : "no-journal-";
    Path file =
        directory.resolve(
            role.label() + "-" + (size.bytes() >> 20) + "M-" + variant + FORMAT + ".ext4");
    if (!Files.exists(file)) {
      make(role, size, life, file);
    }
    return new DiskTemplate(role, size, file);
  }

  /** Two at once make the same: the last rename wins. */
  private void make(DiskTemplate.Role role, ByteSize size, DiskTemplate.Life life, Path file)
      throws BangerException, InterruptedException {
    Path beside = Publication.unpublished(directory);
    boolean journalled = life == DiskTemplate.Life.KEPT;
    try (Steps steps = journal.steps("disk template " + beside.getFileName())) {
      steps.take(Step.of(StepKind.DISK_TEMPLATE, steps.owner(), beside), () -> makeEmpty(beside));
      Programs.note(steps);
      mke2fs.empty(beside, size, role.uuid(), role.label(), journalled);
      prepare(beside, requests(role));
      Trees.sync(beside);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      Trees.sync(directory);
      steps.keep();
    } catch (IOException e) {
      throw Trees.failure("cannot make the disk template " + file, e);
    }
  }

  private void makeEmpty(Path file) throws BangerException {
    try {
      Files.createDirectories(directory);
      Files.createFile(file);
    } catch (IOException e) {
      throw Trees.failure("cannot make " + file, e);
    }
  }

  /** Removes what was half made when this object came to be. */
  public void reclaim() throws BangerException {
    Trees.removeAll(unfinished);
  }

  /**
   * Directories that the agent would make at each first start (guest/PROTOCOL.md, disks and binds).
   * A home directory has no lost+found, and nobody else looks into it.
   */
  private static List<String> requests(DiskTemplate.Role role) {
    return switch (role) {
      case UPPER -> List.of("mkdir upper", "mkdir work");
      case WORK ->
          List.of(
              "rmdir lost+found",
              "mkdir .banger",
              "mkdir .banger/docker",
              "set_inode_field .banger mode 040711",
              "set_inode_field .banger/docker mode 040711",
              "set_inode_field / mode 040700");
    };
  }

  private void prepare(Path disk, List<String> requests)
      throws BangerException, InterruptedException {
    for (String request : requests) {
      Command.of(binaries, DEBUGFS, "-w", "-R", request, disk.toString())
          .run(ErrorCode.INTERNAL, "cannot prepare the disk " + disk, "see the cause");
    }
  }
}
