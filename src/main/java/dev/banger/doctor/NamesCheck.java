package dev.banger.doctor;

import dev.banger.config.NetworkSettings;
import dev.banger.model.Directories;
import dev.banger.net.port.SocketOwners;
import dev.banger.store.PublicationRow.Protocol;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether this host's programs are told the names of VMs, and how they are brought to ask. */
final class NamesCheck implements Check {
  private final Directories directories;
  private final NetworkSettings settings;
  private final SocketOwners owners;
  private final Path root;

  NamesCheck(Directories directories, NetworkSettings settings) {
    this(directories, settings, SocketOwners.ofHost(), Path.of("/"));
  }

  /**
   * @param root where the host's files are
   */
  NamesCheck(Directories directories, NetworkSettings settings, SocketOwners owners, Path root) {
    this.directories = directories;
    this.settings = settings;
    this.owners = owners;
    this.root = root;
  }

  @Override
  public String name() {
    return "names";
  }

  @Override
  public List<Finding> run() {
    if (settings.dns().isEmpty()) {
      return List.of(Finding.ok(name(), "not answered on loopback: network.dns is \"off\""));
    }
    InetSocketAddress where = settings.dns().get();
    String address = where.getAddress().getHostAddress();
    String text = address + " port " + where.getPort();
    List<SocketOwners.Owner> all = owners.of(Protocol.UDP, where.getAddress(), where.getPort());
    Optional<Long> daemon = RunningDaemon.pid(directories);
    if (all.isEmpty()) {
      return List.of(
          daemon.isEmpty()
              ? Finding.ok(name(), "the daemon will answer them at " + text)
              : Finding.warning(
                  name(),
                  "nobody answers at " + text + ", which was to be the daemon",
                  "`banger daemon logs` says why; restart the daemon once that is mended"));
    }
    if (all.stream().noneMatch(owner -> daemon.equals(Optional.of(owner.pid())))) {
      return List.of(
          Finding.warning(
              name(),
              "VMs have no names on loopback: " + all.getFirst() + " has " + text,
              "set network.dns to another port, or to \"off\", and restart the daemon"));
    }
    return List.of(
        Finding.ok(
            name(),
            "NAME.vm is answered at "
                + text
                + ": dig @"
                + address
                + " -p "
                + where.getPort()
                + " NAME.vm; "
                + routing(address, where.getPort())));
  }

  /** How the host's own resolver is brought to ask there. */
  private String routing(String address, int port) {
    if (Files.exists(root.resolve("run/systemd/resolve/resolv.conf"))) {
      return "for all programs, where no bridge tells them to systemd-resolved, write [Resolve] DNS="
          + (address.indexOf(':') < 0 ? address : "[" + address + "]")
          + ":"
          + port
          + " Domains=~vm, a line each, into /etc/systemd/resolved.conf.d/banger.conf and restart"
          + " systemd-resolved";
    }
    String line = "server=/vm/" + address + "#" + port;
    for (String place : List.of("etc/NetworkManager/dnsmasq.d", "etc/dnsmasq.d")) {
      if (Files.isDirectory(root.resolve(place))) {
        return "for all programs, write " + line + " into /" + place + "/banger.conf";
      }
    }
    return "for all programs, a resolver that forwards vm there is needed: dnsmasq's line is "
        + line;
  }
}
