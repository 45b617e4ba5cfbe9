package dev.banger.doctor;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Whether this host's programs are told the names of VMs by what the bridge answers. */
final class ResolvedCheck implements Check {
  private static final Tool RESOLVECTL = new Tool("resolvectl", "systemd-resolved");
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final NetworkSettings settings;
  private final Binaries binaries;
  private final Path root;

  ResolvedCheck(NetworkSettings settings, Binaries binaries) {
    this(settings, binaries, Path.of("/"));
  }

  /**
   * @param root below which the host's configuration lies
   */
  ResolvedCheck(NetworkSettings settings, Binaries binaries, Path root) {
    this.settings = settings;
    this.binaries = binaries;
    this.root = root;
  }

  @Override
  public String name() {
    return "names by the bridge";
  }

  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    if (settings.mode() == NetworkSettings.Mode.USER) {
      return List.of();
    }
    String bridge = settings.bridge().isEmpty() ? "banger0" : settings.bridge();
    Optional<String> server = address(bridge);
    return server.isEmpty() ? List.of() : List.of(finding(bridge, server.get()));
  }

  /** Of the bridge; empty: there is none now, so nobody has such a name. */
  private static Optional<String> address(String bridge) {
    try {
      NetworkInterface found = NetworkInterface.getByName(bridge);
      return found == null
          ? Optional.empty()
          : found
              .inetAddresses()
              .filter(Inet4Address.class::isInstance)
              .map(InetAddress::getHostAddress)
              .findFirst();
    } catch (SocketException e) {
      return Optional.empty();
    }
  }

  Finding finding(String bridge, String server) throws BangerException, InterruptedException {
    if (Files.exists(root.resolve("run/systemd/resolve/resolv.conf"))) {
      return resolved(bridge, server);
    }
    if (hasLine("nameserver " + server, "etc/resolv.conf")) {
      return Finding.ok(name(), "NAME.vm is answered: /etc/resolv.conf names " + server);
    }
    return Finding.ok(
        name(),
        server
            + " answers NAME.vm; without a resolver that forwards vm, `nameserver "
            + server
            + "` first in /etc/resolv.conf tells it to all programs while the daemon runs");
  }

  private Finding resolved(String bridge, String server)
      throws BangerException, InterruptedException {
    Finished told =
        Command.of(binaries, RESOLVECTL, "--no-pager", "domain", bridge).limit(LIMIT).run();
    if (!told.output().contains("~vm")) {
      return Finding.warning(
          name(),
          "systemd-resolved does not know that " + server + " answers NAME.vm",
          "start the daemon again; `banger daemon logs` says why it failed. By hand: resolvectl dns "
              + bridge
              + " "
              + server
              + "; resolvectl domain "
              + bridge
              + " '~vm'");
    }
    boolean asked =
        hasLine("nameserver 127.0.0.53", "etc/resolv.conf")
            || lines("etc/nsswitch.conf").stream()
                .anyMatch(line -> line.startsWith("hosts:") && line.contains(" resolve"));
    return asked
        ? Finding.ok(name(), "NAME.vm is answered: systemd-resolved asks " + server)
        : Finding.warning(
            name(),
            "systemd-resolved knows NAME.vm, but programs of this host do not ask it",
            "ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf, or install libnss-resolve");
  }

  private boolean hasLine(String wanted, String place) {
    return lines(place).stream().anyMatch(line -> line.strip().equals(wanted));
  }

  /** None: there is no such file, or it cannot be read. */
  private List<String> lines(String place) {
    try {
      Path file = root.resolve(place);
      return Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }
}
