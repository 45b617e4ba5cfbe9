package dev.banger.image.debian;

import dev.banger.ffm.ProcessCalls;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An apt with directories of its own: it reads the host's sources and keys, and writes nothing
 * outside of its directory. Needs no right. One user at a time: apt's own lock files see to that.
 */
public final class PrivateApt {
  private static final Tool APT_GET = new Tool("apt-get", "apt");
  private static final Tool APT_CACHE = new Tool("apt-cache", "apt");
  private static final Pattern PERCENT = Pattern.compile("dlstatus:[^:]*:([0-9.]+):.*");
  private static final String MIRROR_HINT =
      "check the network and the mirrors in /etc/apt, then try again: what was downloaded is kept";

  private final Path directory;
  private final Binaries binaries;
  private final HostApt host;

  public PrivateApt(Path directory, Binaries binaries) {
    this.directory = directory;
    this.binaries = binaries;
    this.host = new HostApt(binaries);
  }

  /** Follows the host's configuration as it is now, and reads the mirrors' indexes. */
  public void update() throws BangerException, InterruptedException {
    configure();
    Command.of(binaries, APT_GET, "update", "--error-on=any")
        .environment("APT_CONFIG", configuration().toString())
        .limit(Duration.ofMinutes(10))
        .run(ErrorCode.UNAVAILABLE, "cannot read the package lists", MIRROR_HINT);
  }

  /** The newest version of a package; NOT_FOUND when the mirrors have none. */
  public DebianPackage show(String name) throws BangerException, InterruptedException {
    String output =
        Command.of(binaries, APT_CACHE, "show", "--no-all-versions", name)
            .environment("APT_CONFIG", configuration().toString())
            .run(
                ErrorCode.NOT_FOUND,
                "the host's mirrors have no package " + name,
                "banger needs a Debian mirror in /etc/apt/sources.list")
            .output();
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : output.lines().toList()) {
      int colon = line.indexOf(": ");
      if (colon > 0 && line.charAt(0) != ' ') {
        fields.putIfAbsent(line.substring(0, colon), line.substring(colon + 2).strip());
      }
    }
    try {
      return new DebianPackage(
          name,
          field(fields, "Version"),
          field(fields, "Architecture"),
          fields.getOrDefault("Depends", ""),
          field(fields, "SHA256"),
          Long.parseLong(field(fields, "Size")));
    } catch (IOException | NumberFormatException e) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE, "cannot understand apt's record of " + name, MIRROR_HINT, e);
    }
  }

  private static String field(Map<String, String> fields, String name) throws IOException {
    String value = fields.get(name);
    if (value == null) {
      throw new IOException("it has no field " + name);
    }
    return value;
  }

  /**
   * The package's file, downloaded if it is not there yet; apt goes on where a broken download
   * ended, and checks the digest.
   */
  public Path download(DebianPackage wanted, Progress progress)
      throws BangerException, InterruptedException {
    pretendDependencies(wanted);
    Command.of(binaries, APT_GET, "install", "--yes", "--download-only")
        .with("-o", "APT::Status-Fd=1", "-o", "APT::Install-Recommends=0")
        .with(wanted.name() + "=" + wanted.version())
        .environment("APT_CONFIG", configuration().toString())
        .limit(Duration.ofHours(1))
        .onOutput(line -> {
          Matcher percent = PERCENT.matcher(line);
          if (percent.matches()) {
            double part = Double.parseDouble(percent.group(1)) / 100;
            progress.bytes((long) (part * wanted.size()), wanted.size());
          }
        })
        .run(
            ErrorCode.UNAVAILABLE,
            "cannot download " + wanted.name() + " " + wanted.version(),
            MIRROR_HINT);
    Path file = archives().resolve(wanted.fileName());
    if (!Files.isRegularFile(file)) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE, "apt downloaded " + wanted.name() + " but not to " + file, "");
    }
    progress.bytes(wanted.size(), wanted.size());
    return file;
  }

  /** So that only the package itself is downloaded: as if all it needs were installed. */
  private void pretendDependencies(DebianPackage wanted) throws BangerException {
    List<String> provided = new ArrayList<>();
    for (String alternative : wanted.depends().split("[,|]", -1)) {
      String name = alternative.strip().replaceAll("[ :(].*", "");
      if (!name.isEmpty()) {
        provided.add(name + " (= 999:0)");
      }
    }
    String status =
        """
        Package: banger-needs-no-dependencies
        Status: install ok installed
        Maintainer: banger
        Architecture: all
        Version: 1
        Provides: %s
        Description: what a downloaded kernel package would need on the host

        """
            .formatted(String.join(", ", provided));
    write(state().resolve("status"), provided.isEmpty() ? "" : status);
  }

  private void configure() throws BangerException, InterruptedException {
    List<String> lines = new ArrayList<>();
    lines.add("Dir::Etc \"" + etc() + "/\";");
    lines.add("Dir::Etc::trusted \"/etc/apt/trusted.gpg\";");
    lines.add("Dir::Etc::trustedparts \"/etc/apt/trusted.gpg.d/\";");
    lines.add("Dir::Etc::netrc \"/etc/apt/auth.conf\";");
    lines.add("Dir::Etc::netrcparts \"/etc/apt/auth.conf.d/\";");
    lines.add("Dir::State \"" + state() + "/\";");
    lines.add("Dir::State::status \"" + state().resolve("status") + "\";");
    lines.add("Dir::Cache \"" + directory.resolve("cache") + "/\";");
    lines.add("Dir::Log \"" + directory.resolve("log") + "/\";");
    lines.add("APT::Sandbox::User \"" + downloadUser() + "\";");
    lines.addAll(host.settings());
    try {
      for (Path needed :
          List.of(
              etc().resolve("apt.conf.d"),
              etc().resolve("preferences.d"),
              etc().resolve("sources.list.d"),
              state().resolve("lists/partial"),
              archives().resolve("partial"),
              directory.resolve("log"))) {
        Files.createDirectories(needed);
      }
    } catch (IOException e) {
      throw Trees.failure("cannot make " + directory, e);
    }
    write(etc().resolve("sources.list"), String.join("\n", host.sources(host.suite())) + "\n");
    write(state().resolve("status"), "");
    write(configuration(), String.join("\n", lines) + "\n");
  }

  /** apt's own user downloads, where it can reach the directory. */
  private String downloadUser() {
    if (ProcessCalls.geteuid() != 0) {
      return "root";
    }
    try {
      for (Path path = directory.toAbsolutePath(); path != null; path = path.getParent()) {
        if (Files.exists(path)
            && !Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return "root";
        }
      }
      return "_apt";
    } catch (IOException e) {
      return "root";
    }
  }

  private static void write(Path file, String text) throws BangerException {
    try {
      Publication.writeFile(file, text.getBytes(StandardCharsets.UTF_8));
      Files.setPosixFilePermissions(
          file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    } catch (IOException e) {
      throw Trees.failure("cannot write " + file, e);
    }
  }

  private Path configuration() {
    return directory.resolve("apt.conf");
  }

  private Path etc() {
    return directory.resolve("etc");
  }

  private Path state() {
    return directory.resolve("state");
  }

  private Path archives() {
    return directory.resolve("cache/archives");
  }
}
