package dev.banger.cli;

import dev.banger.api.DoctorApi;
import dev.banger.doctor.Doctor;
import dev.banger.doctor.Finding;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "doctor",
    description = "Say what this host can do, and the cure for what it cannot",
    generateHelp = true)
final class DoctorCommand extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    List<Finding> findings = new ArrayList<>(Doctor.of(directories()).run());
    findings.addAll(Leftovers.findings(directories()));
    if (json) {
      printJson(new DoctorApi.Findings(findings.stream().map(DoctorCommand::view).toList()));
    } else {
      findings.forEach(DoctorCommand::print);
    }
    return findings.stream().anyMatch(f -> f.level() == Finding.Level.ERROR) ? 1 : 0;
  }

  private static DoctorApi.Finding view(Finding finding) {
    return new DoctorApi.Finding(finding.check(), word(finding), finding.found(), finding.cure());
  }

  private static String word(Finding finding) {
    return finding.level().name().toLowerCase(Locale.ROOT);
  }

  private static void print(Finding finding) {
    System.out.printf(Locale.ROOT, "%-8s%s: %s%n", word(finding), finding.check(), finding.found());
    if (!finding.cure().isEmpty()) {
      System.out.println("        cure: " + finding.cure());
    }
  }
}
