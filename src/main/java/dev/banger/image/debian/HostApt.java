package dev.banger.image.debian;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the host's apt is set to: which Debian mirrors it uses, with which proxy and rules. Only
 * read, never changed.
 */
public final class HostApt {
  private static final Tool APT_GET = new Tool("apt-get", "apt");
  private static final Tool APT_CONFIG = new Tool("apt-config", "apt");
  private static final Tool DPKG = new Tool("dpkg", "dpkg");
  private static final List<Path> KEYRINGS =
      List.of(
          Path.of("/usr/share/keyrings/debian-archive-keyring.gpg"),
          Path.of("/usr/share/keyrings/debian-archive-keyring.pgp"));

  /** A setting with a value; those about which index files exist are apt's own business. */
  private static final Pattern SETTING =
      Pattern.compile(
          "Acquire::(?!IndexTargets|Changelogs|CompressionTypes|Languages|cdrom)\\S+ \"[^\"]+\";");

  private static final Pattern SUITE = Pattern.compile("[a-z][a-z0-9]{1,30}");
  private static final List<String> ROLLING = List.of("sid", "unstable", "experimental");

  private final Binaries binaries;

  public HostApt(Binaries binaries) {
    this.binaries = binaries;
  }

  /** One package index that the host reads. */
  private record Target(String uri, String suite, String component, String origin, String label) {
    boolean isDebian() {
      return origin.equals("Debian")
          || (unknown(origin) && (uri.endsWith("/debian/") || isSecurity()));
    }

    boolean isSecurity() {
      return label.equals("Debian-Security")
          || (unknown(label) && (suite.endsWith("-security") || uri.contains("debian-security")));
    }

    /** The host has never downloaded this index, so apt leaves the word as it is, or empty. */
    private static boolean unknown(String field) {
      return field.isEmpty() || field.startsWith("$(");
    }
  }

  /** {@code amd64}, {@code arm64}. */
  public String architecture() throws BangerException, InterruptedException {
    return Command.of(binaries, DPKG, "--print-architecture")
        .run(ErrorCode.HOST_UNSUPPORTED, "cannot ask dpkg for the architecture", "")
        .output()
        .strip();
  }

  /** The Debian release whose packages the host installs. */
  public String suite() throws BangerException, InterruptedException {
    return main(targets()).suite();
  }

  /** Lines of a sources.list for a release, by the host's mirrors: main, updates and security. */
  public List<String> sources(String suite) throws BangerException, InterruptedException {
    if (!SUITE.matcher(suite).matches()) {
      throw new BangerException(
          ErrorCode.INVALID, "'" + suite + "' is no Debian release", "try debian:bookworm");
    }
    List<Target> targets = targets();
    Target main = main(targets);
    Optional<Target> security = targets.stream().filter(Target::isSecurity).findFirst();
    String components =
        String.join(
            " ",
            targets.stream()
                .filter(t -> t.uri().equals(main.uri()))
                .map(Target::component)
                .distinct()
                .toList());
    List<String> lines = new ArrayList<>();
    lines.add(line(main.uri(), suite, components));
    if (!ROLLING.contains(suite)) {
      lines.add(line(main.uri(), suite + "-updates", components));
      security.ifPresent(s -> lines.add(line(s.uri(), suite + "-security", components)));
    }
    return lines;
  }

  /** Proxy, time-outs and checks, as lines of an apt.conf. */
  public List<String> settings() throws BangerException, InterruptedException {
    List<String> lines = new ArrayList<>();
    Command.of(binaries, APT_CONFIG, "dump")
        .onOutput(line -> {
          if (SETTING.matcher(line).matches()) {
            lines.add(line);
          }
        })
        .run(ErrorCode.HOST_UNSUPPORTED, "cannot read apt's settings", "");
    lines.add("Acquire::Languages \"none\";");
    return lines;
  }

  private static String line(String uri, String suite, String components) {
    String key =
        KEYRINGS.stream()
            .filter(Files::isReadable)
            .findFirst()
            .map(path -> "[signed-by=" + path + "] ")
            .orElse("");
    return "deb " + key + uri + " " + suite + " " + components;
  }

  private static Target main(List<Target> targets) throws BangerException {
    return targets.stream()
        .filter(t -> !t.isSecurity() && !t.suite().contains("-"))
        .findFirst()
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.HOST_UNSUPPORTED,
                "apt on this host has no source of Debian packages",
                "add a Debian mirror to /etc/apt/sources.list"));
  }

  private List<Target> targets() throws BangerException, InterruptedException {
    List<Target> targets = new ArrayList<>();
    Command.of(
            binaries,
            APT_GET,
            "indextargets",
            "--format",
            "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)",
            "Created-By: Packages")
        .onOutput(line -> {
          String[] fields = line.split("\\|", -1);
          if (fields.length == 5) {
            targets.add(new Target(fields[0], fields[1], fields[2], fields[3], fields[4]));
          }
        })
        .run(ErrorCode.HOST_UNSUPPORTED, "cannot read apt's package sources", "");
    return targets.stream().filter(Target::isDebian).toList();
  }
}
