package dev.banger.proc;

import dev.banger.ffm.ProcessCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a stop of the systemd service that a daemon may be in does to the VMMs: systemd ends all
 * that is left in the service's control group, unless it was started in a scope, which is a control
 * group of its own.
 */
public sealed interface ServiceStop {
  Tool SYSTEMD_RUN = new Tool("systemd-run", "systemd");

  /** No systemd, or no service: nobody ends them. */
  record Harmless() implements ServiceStop {}

  /**
   * They live in scopes.
   *
   * @param environment what systemd-run needs to know
   */
  record Scoped(String service, Path systemdRun, Map<String, String> environment)
      implements ServiceStop {
    private static final String OF_USER = "XDG_RUNTIME_DIR";

    public Scoped {
      environment = Map.copyOf(environment);
    }

    /** What comes before a program's own words, so that it runs in a scope of this name. */
    public List<String> words(String scope) {
      List<String> words = new ArrayList<>(List.of(systemdRun.toString()));
      if (environment.containsKey(OF_USER)) {
        words.add("--user");
      }
      words.addAll(List.of("--scope", "--collect", "--quiet", "--unit=" + scope, "--"));
      return words;
    }
  }

  /** They die with it: no scope can be made. */
  record Fatal(String service, String why, String cure) implements ServiceStop {}

  /** For what this process starts. */
  static ServiceStop here(Binaries binaries) {
    return of("self", binaries);
  }

  /** For what a daemon starts that has this user and environment, too. */
  static ServiceStop of(long pid, Binaries binaries) {
    return of(Long.toString(pid), binaries);
  }

  private static ServiceStop of(String process, Binaries binaries) {
    return of(
        Path.of("/"),
        process,
        ProcessCalls.geteuid(),
        System.getenv(),
        binaries.lookup(SYSTEMD_RUN));
  }

  /**
   * For what that process starts.
   *
   * @param root where {@code proc} and {@code run} are
   * @param process its name below {@code proc}
   */
  static ServiceStop of(
      Path root,
      String process,
      int uid,
      Map<String, String> environment,
      Optional<Path> systemdRun) {
    if (!Files.isDirectory(root.resolve("run/systemd/system"))) {
      return new Harmless();
    }
    ControlGroup group = ControlGroup.of(root.resolve("proc").resolve(process).resolve("cgroup"));
    if (!group.unit().endsWith(".service")) {
      return new Harmless();
    }
    if (systemdRun.isEmpty()) {
      return new Fatal(
          group.unit(), "systemd-run is missing", "apt-get install " + SYSTEMD_RUN.debianPackage());
    }
    if (!group.ofUser()) {
      return uid == 0
          ? new Scoped(group.unit(), systemdRun.get(), Map.of())
          : new Fatal(
              group.unit(),
              "only root may ask the system's service manager for a scope",
              "make it a service of the user's manager (systemctl --user), or set KillMode=process");
    }
    String runtime = environment.getOrDefault(Scoped.OF_USER, "");
    return runtime.isEmpty()
        ? new Fatal(
            group.unit(),
            Scoped.OF_USER + " is not set",
            "set Environment=" + Scoped.OF_USER + "=%t in the service")
        : new Scoped(group.unit(), systemdRun.get(), Map.of(Scoped.OF_USER, runtime));
  }

  /**
   * Where systemd has put a process.
   *
   * @param unit the innermost service or scope; empty when there is none
   * @param ofUser whether a user's service manager made it
   */
  record ControlGroup(String unit, boolean ofUser) {
    private static final String UNIFIED = "0::";
    private static final String SYSTEMD = ":name=systemd:";

    static ControlGroup of(Path file) {
      List<String> lines;
      try {
        lines = Files.readAllLines(file);
      } catch (IOException e) {
        return new ControlGroup("", false); // it has ended
      }
      String path = "";
      for (String line : lines) {
        int old = line.indexOf(SYSTEMD);
        if (old >= 0) {
          return parse(line.substring(old + SYSTEMD.length()));
        }
        path = line.startsWith(UNIFIED) ? line.substring(UNIFIED.length()) : path;
      }
      return parse(path);
    }

    private static ControlGroup parse(String path) {
      String unit = "";
      boolean ofUser = false;
      for (String part : path.split("/", -1)) {
        if (part.endsWith(".service") || part.endsWith(".scope")) {
          ofUser = ofUser || unit.matches("user@[0-9]+\\.service");
          unit = part;
        }
      }
      return new ControlGroup(unit, ofUser);
    }
  }
}
