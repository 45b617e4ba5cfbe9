package dev.banger.cli;

import dev.banger.api.DoctorApi;
import dev.banger.doctor.Doctor;
import dev.banger.doctor.Finding;
import dev.banger.doctor.Repair;
import dev.banger.doctor.Repairs;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "doctor",
    description = "Say what this host can do, and the cure for what it cannot",
    generateHelp = true)
final class DoctorCommand extends ClientCommand {
  @Option(hasValue = false, description = "Make the repairs that are known, each after a question")
  boolean fix;

  @Option(hasValue = false, description = "Take back all repairs that --fix has made")
  boolean undo;

  @Option(shortName = 'y', hasValue = false, description = "Ask nothing")
  boolean yes;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (fix && undo) {
      throw new UsageException("--fix makes what --undo takes back", "give one of them");
    }
    if (undo) {
      return takeBack();
    }
    List<Finding> findings = findings();
    if (fix && mend(findings)) {
      findings = findings();
    }
    if (json) {
      printJson(new DoctorApi.Findings(findings.stream().map(DoctorCommand::view).toList()));
    } else {
      findings.forEach(DoctorCommand::print);
    }
    return findings.stream().anyMatch(f -> f.level() == Finding.Level.ERROR) ? 1 : 0;
  }

  private List<Finding> findings() throws BangerException, InterruptedException {
    List<Finding> findings = new ArrayList<>(Doctor.of(directories()).run());
    findings.addAll(Leftovers.findings(directories()));
    return findings;
  }

  /** Whether anything was changed. */
  private boolean mend(List<Finding> findings)
      throws BangerException, UsageException, InterruptedException {
    Repairs repairs = Repairs.of(directories());
    Question question = new Question(yes);
    boolean changed = false;
    for (Finding finding : findings) {
      if (finding.repair().isPresent()) {
        Repair repair = finding.repair().get();
        System.err.println(finding.found());
        repair.changes().forEach(change -> System.err.println("  " + change.text()));
        if (question.ask(repair.changes().size() == 1 ? "This is done" : "These are done")) {
          repairs.make(repair);
          changed = true;
        }
      }
    }
    return changed;
  }

  private int takeBack() throws BangerException, UsageException, InterruptedException {
    Repairs repairs = Repairs.of(directories());
    if (!repairs.isEmpty()
        && !new Question(yes).ask("All that `banger doctor --fix` did is taken back")) {
      throw new BangerException(ErrorCode.CANCELLED, "nothing was changed, as you said", "");
    }
    List<String> undone = repairs.undo();
    if (json) {
      printJson(new DoctorApi.Undone(undone));
    } else {
      undone.forEach(what -> System.out.println("undone  " + what));
      if (undone.isEmpty()) {
        System.out.println("there is nothing to take back");
      }
    }
    return 0;
  }

  private static DoctorApi.Finding view(Finding finding) {
    return new DoctorApi.Finding(
        finding.check(),
        word(finding),
        finding.found(),
        finding.cure(),
        finding.repair().stream()
            .flatMap(repair -> repair.changes().stream())
            .map(Repair.Change::text)
            .toList());
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
