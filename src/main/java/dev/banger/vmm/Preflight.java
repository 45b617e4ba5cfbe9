package dev.banger.vmm;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Collects what stands against a start: what every driver checks, and what one adds. */
public final class Preflight {
  /** One look at the host. */
  @FunctionalInterface
  public interface Check {
    void run() throws BangerException;
  }

  private static final Path DEVICES = Path.of("/dev");

  private final List<BangerException> problems = new ArrayList<>();

  /** Socket paths, and files that must be there. */
  public Preflight(VmmSpec spec) {
    check(() -> spec.files().checkLength());
    check(() -> requireFile("kernel", spec.kernel(), false));
    check(() -> requireFile("initramfs", spec.initramfs(), false));
    for (Drive drive : spec.drives()) {
      check(() -> requireFile("disk", drive.file(), !drive.readOnly()));
    }
  }

  /** Notes the check's failure, if it fails. */
  public Preflight check(Check check) {
    try {
      check.run();
    } catch (BangerException e) {
      problems.add(e);
    }
    return this;
  }

  public List<BangerException> problems() {
    return List.copyOf(problems);
  }

  /** Throws the first problem; the others are its suppressed ones. */
  public void require() throws BangerException {
    if (!problems.isEmpty()) {
      BangerException first = problems.getFirst();
      problems.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  private static void requireFile(String what, Path file, boolean writable) throws BangerException {
    boolean there =
        Files.isRegularFile(file)
            || (file.startsWith(DEVICES) && Files.exists(file) && !Files.isDirectory(file));
    if (!there) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "the " + what + " " + file + " does not exist",
          "pull the image or kernel again, or restore the file");
    }
    if (!Files.isReadable(file) || (writable && !Files.isWritable(file))) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "the " + what + " " + file + " cannot be " + (writable ? "written" : "read"),
          "check its permissions");
    }
  }
}
