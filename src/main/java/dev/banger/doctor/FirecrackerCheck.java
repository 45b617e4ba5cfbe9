package dev.banger.doctor;

import dev.banger.config.VmmSettings;
import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where Firecracker and its jailer were found, and of which release they say they are. */
final class FirecrackerCheck implements Check {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final String CURE = "install one: docs/firecracker.md";

  private final VmmSettings settings;
  private final Binaries binaries;

  FirecrackerCheck(VmmSettings settings, Binaries binaries) {
    this.settings = settings;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "firecracker";
  }

  /** Nobody needs it who did not ask for it. */
  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    boolean wanted = settings.choice() == VmmSettings.Choice.FIRECRACKER;
    List<Finding> findings = new ArrayList<>();
    for (String name : List.of("firecracker", "jailer")) {
      Tool tool = new Tool(name, "");
      Optional<Path> found = binaries.lookup(tool);
      if (found.isPresent()) {
        findings.add(Finding.ok(name, found.get() + ", " + release(tool)));
      } else if (wanted) {
        findings.add(Finding.error(name, "not found, and vmm is \"firecracker\"", CURE));
      }
    }
    return findings;
  }

  private String release(Tool tool) throws BangerException, InterruptedException {
    String said = Command.of(binaries, tool, "--version").limit(LIMIT).run().output().strip();
    return said.lines().findFirst().orElse("which does not say its release");
  }
}
