package dev.banger.image;

import dev.banger.image.disk.FileSum;
import dev.banger.image.disk.RootFile;
import dev.banger.image.disk.Trees;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Programs;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** One file of this host, an ext4: it is copied, and the copy is checked. */
public final class FileSource implements ImageSource {
  private static final Tool E2FSCK = new Tool("e2fsck", "e2fsprogs");
  private static final Tool DEBUGFS = new Tool("debugfs", "e2fsprogs");
  private static final Duration CHECK_LIMIT = Duration.ofMinutes(30);
  private static final int FIRST_FINDINGS = 4;
  private static final List<String> SHELLS = List.of("/bin/bash", "/bin/sh");
  private static final List<String> ENVIRONMENT =
      List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

  private final Path file;
  private final Binaries binaries;

  /** That file; nothing is looked at yet. */
  public FileSource(Path file, Binaries binaries) {
    this.file = file;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "file";
  }

  @Override
  public boolean accepts(ImageReference reference) {
    return reference.isTagged();
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    Programs.note(scratch);
    RootFile root = RootFile.open(file);
    progress.stage("copy " + root.file().getFileName());
    root.copyTo(disk, read -> progress.bytes(read, root.size().bytes()));
    progress.stage("check the file system");
    check(root.file(), disk);
    progress.stage("compute its digest");
    String digest = "sha256:" + sha256(disk, root.size(), progress);
    return new Pulled(
        "file:" + root.file() + "@" + digest,
        digest,
        root.uuid(),
        anyOf(List.copyOf(Image.INITS), disk).size() > 0,
        ImageDefaults.shell(anyOf(SHELLS, disk), ENVIRONMENT));
  }

  private void check(Path original, Path copy) throws BangerException, InterruptedException {
    List<String> findings = new ArrayList<>();
    Finished check =
        Command.of(binaries, E2FSCK, "-fn", copy.toString())
            .limit(CHECK_LIMIT)
            .onOutput(line -> {
              boolean finding = !line.isBlank() && !line.startsWith("Pass ");
              if (finding && findings.size() < FIRST_FINDINGS) {
                findings.add(line.replace(copy.toString(), original.toString()).strip());
              }
            })
            .run();
    if (!check.ok()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "e2fsck finds errors in the file system of " + original,
          "repair it: `e2fsck -fy " + original + "`",
          new IOException("status " + check.status() + ": " + String.join("; ", findings)));
    }
  }

  /** The first of these that is a file in this file system, or none. */
  private List<String> anyOf(List<String> paths, Path disk)
      throws BangerException, InterruptedException {
    for (String path : paths) {
      Finished look =
          Command.of(binaries, DEBUGFS, "-R", "stat " + path, disk.toString())
              .run(ErrorCode.INTERNAL, "cannot look into " + disk, "see the cause");
      if (look.output().contains("Inode:")) {
        return List.of(path);
      }
    }
    return List.of();
  }

  private static String sha256(Path disk, ByteSize size, Progress progress)
      throws BangerException, InterruptedException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      FileSum.add(digest, disk, done -> progress.bytes(done, size.bytes()));
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw Trees.failure("cannot read " + disk, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
