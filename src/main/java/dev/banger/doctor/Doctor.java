package dev.banger.doctor;

import dev.banger.config.Config;
import dev.banger.image.release.Releases;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import java.util.ArrayList;
import java.util.List;

/** Runs every check; one that breaks is a finding too. */
public final class Doctor {
  private final List<Check> checks;

  private Doctor(List<Check> checks) {
    this.checks = List.copyOf(checks);
  }

  /** For the daemon of these directories, with its configuration; a mistake in that is an error. */
  public static Doctor of(Directories directories) throws BangerException {
    Config config = Config.read(directories.config().resolve("config.toml"));
    Binaries binaries =
        Binaries.installed(
            config.binaries(),
            Releases.installed(directories.vmmReleases()).stream()
                .map(Releases.Release::directory)
                .toList());
    return new Doctor(
        List.of(
            new ProgramsCheck(binaries),
            new AcceleratorCheck(directories, binaries),
            new FirecrackerCheck(config.vmm(), binaries),
            new PlacesCheck(directories),
            new MemoryCheck(directories),
            new RoomCheck(directories, config.admission()),
            new DisksCheck(config.disks(), directories, binaries),
            new ServiceCheck(directories, binaries),
            new NetworkCheck(config.network(), directories, binaries),
            new NamesCheck(directories, config.network()),
            new ResolvedCheck(config.network(), binaries)));
  }

  public List<Finding> run() throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    for (Check check : checks) {
      try {
        findings.addAll(check.run());
      } catch (BangerException e) {
        findings.add(Finding.error(check.name(), e.getMessage() + ": " + e.reason(), e.hint()));
      }
    }
    return findings;
  }
}
