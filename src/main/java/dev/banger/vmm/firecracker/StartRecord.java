package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.vmm.Machine;
import dev.banger.vmm.VmmFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a Firecracker was started, one line in the run directory: what a later daemon cannot ask it.
 *
 * @param executable the jail's name for the program; empty: there is no jail
 */
record StartRecord(FirecrackerVersion version, Machine machine, String executable) {
  private static final Pattern LINE =
      Pattern.compile(
          "Firecracker v(\\d{1,4})\\.(\\d{1,4})\\.(\\d{1,4}) cpus=(\\d{1,4}) memory=(\\d{1,18})"
              + " jail=([A-Za-z0-9._+-]*)\\n");

  /** Written beside and renamed. */
  void write(VmmFiles files) throws BangerException {
    Path file = FirecrackerFiles.record(files);
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.writeString(
          fresh,
          "Firecracker v%s cpus=%d memory=%d jail=%s%n"
              .formatted(version, machine.cpus(), machine.memory().bytes(), executable));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.NO_SPACE, "cannot write " + file, "free some space there", e);
    }
  }

  /** Empty when no Firecracker was started there, or its record cannot be understood. */
  static Optional<StartRecord> read(VmmFiles files) {
    try {
      Matcher found = LINE.matcher(Files.readString(FirecrackerFiles.record(files)));
      return found.matches()
          ? Optional.of(
              new StartRecord(
                  new FirecrackerVersion(number(found, 1), number(found, 2), number(found, 3)),
                  new Machine(
                      number(found, 4), new ByteSize(Long.parseLong(found.group(5))), false),
                  found.group(6)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static int number(Matcher found, int group) {
    return Integer.parseInt(found.group(group));
  }

  Surroundings surroundings(VmmFiles files) {
    return executable.isEmpty()
        ? new Surroundings.Bare(files)
        : new Surroundings.Jailed(
            new JailFiles(FirecrackerFiles.jails(files), executable, files.id()), Map.of());
  }
}
