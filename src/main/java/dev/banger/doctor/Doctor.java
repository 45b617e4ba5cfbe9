package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import java.util.ArrayList;
import java.util.List;

/** Runs every check; one that breaks is a finding too. */
public final class Doctor {
  private final List<Check> checks;

  public Doctor(Directories directories, Binaries binaries) {
    this.checks =
        List.of(
            new ProgramsCheck(binaries),
            new AcceleratorCheck(directories, binaries),
            new PlacesCheck(directories),
            new MemoryCheck(directories),
            new NetworkCheck());
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
