package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One process of one boot of this host: a pid alone comes back for another.
 *
 * @param startTicks field 22 of {@code /proc/PID/stat}
 * @param bootId of the boot in which it was started
 * @param executable {@code device:inode} of what it runs; empty when that could not be read
 */
public record ProcessIdentity(long pid, long startTicks, String bootId, String executable) {
  private static final Path PROC = Path.of("/proc");
  private static final Path BOOT_ID = PROC.resolve("sys/kernel/random/boot_id");
  private static final int START_TIME_FIELD = 22;

  public ProcessIdentity {
    if (pid <= 0 || startTicks < 0) {
      throw new IllegalArgumentException("no process has pid " + pid + ", start " + startTicks);
    }
  }

  /** The process with this number now; empty when there is none, or only what its parent left. */
  public static Optional<ProcessIdentity> of(long pid) throws BangerException {
    String boot = currentBootId();
    return startTicks(pid).map(start -> new ProcessIdentity(pid, start, boot, executable(pid)));
  }

  /** Changes with each boot of the host. */
  public static String currentBootId() throws BangerException {
    try {
      return Files.readString(BOOT_ID).strip();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot read " + BOOT_ID, "mount /proc", e);
    }
  }

  /** This very process still runs: same boot, pid, start time and, where known, executable. */
  public boolean verify() throws BangerException {
    if (!bootId.equals(currentBootId()) || !startTicks(pid).equals(Optional.of(startTicks))) {
      return false;
    }
    String now = executable.isEmpty() ? "" : executable(pid);
    return now.isEmpty() || now.equals(executable);
  }

  /** It was stopped, by SIGSTOP or a debugger, and has not been continued. */
  public boolean isStopped() {
    List<String> fields = fields(pid);
    return !fields.isEmpty()
        && Set.of("T", "t").contains(fields.getFirst())
        && Long.parseLong(fields.get(START_TIME_FIELD - 3)) == startTicks;
  }

  /** 'Z' and 'X' are dead. */
  private static Optional<Long> startTicks(long pid) {
    List<String> fields = fields(pid);
    return fields.isEmpty() || Set.of("Z", "X").contains(fields.getFirst())
        ? Optional.empty()
        : Optional.of(Long.parseLong(fields.get(START_TIME_FIELD - 3)));
  }

  /** From the third on: the command, field 2, may hold blanks and brackets. Empty: no process. */
  private static List<String> fields(long pid) {
    try {
      String stat =
          Files.readString(
              PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
      return List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" "));
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Follows the kernel's own link, so it holds after an upgrade and in a jail. */
  private static String executable(long pid) {
    try {
      Map<String, Object> file =
          Files.readAttributes(PROC.resolve(Long.toString(pid)).resolve("exe"), "unix:dev,ino");
      return file.get("dev") + ":" + file.get("ino");
    } catch (IOException e) {
      return "";
    }
  }
}
