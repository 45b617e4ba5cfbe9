package dev.banger.doctor;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.net.UserLink;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.privileged.Root;
import dev.banger.proc.Binaries;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Which network VMs get here, and who else on this host may stand in its way. */
final class NetworkCheck implements Check {
  private static final String USUAL = "banger0";

  private final NetworkSettings settings;
  private final Directories directories;
  private final Binaries binaries;

  NetworkCheck(NetworkSettings settings, Directories directories, Binaries binaries) {
    this.settings = settings;
    this.directories = directories;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "network";
  }

  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    if (settings.mode() == NetworkSettings.Mode.USER || !Root.isRoot()) {
      List<Finding> findings = new ArrayList<>(former());
      findings.addFirst(user("guests reach the network as this user"));
      return findings;
    }
    try (LinuxNetwork host = LinuxNetwork.open()) {
      String bridge = bridge();
      List<Finding> findings = new ArrayList<>(List.of(Finding.ok(name(), "bridge " + bridge)));
      findings.addAll(new RouteCheck(settings, bridge).findings(host.routes()));
      findings.addAll(new FirewallCheck(bridge).run(host, binaries));
      return findings;
    } catch (BangerException e) {
      String why = e.getMessage() + "; " + e.hint();
      return List.of(
          settings.mode() == NetworkSettings.Mode.BRIDGE
              ? Finding.error(name(), String.valueOf(e.getMessage()), e.hint())
              : user("no bridge can be had: " + why));
    } catch (IOException e) {
      return List.of(Finding.error(name(), "cannot ask for the host's network: " + e, ""));
    }
  }

  private Finding user(String why) throws BangerException, InterruptedException {
    UserLink link = UserLink.choose(settings.user(), binaries);
    String by = link instanceof UserLink.Passt ? "passt" : "QEMU slirp";
    String found = "user network (" + by + "; " + link.why() + "): " + why;
    return link.keepsLoopback()
        ? Finding.ok(name(), found)
        : Finding.warning(
            name(),
            found
                + (link instanceof UserLink.Passt
                    ? ", and packets of their own making reach the host's loopback"
                    : ", and the host's loopback is 10.0.2.2 to them"),
            "do not rely on loopback to keep local services from guests you do not trust; a passt"
                + " of April 2024 or later keeps guests off it");
  }

  /** The one that is there; else the one that would be made. */
  private String bridge() throws BangerException {
    List<String> there = HostTraces.bridges(directories);
    if (!there.isEmpty()) {
      return there.getFirst();
    }
    return settings.bridge().isEmpty() ? USUAL : settings.bridge();
  }

  /** What a daemon with a bridge left to one that has none. */
  private List<Finding> former() throws BangerException {
    return HostTraces.bridges(directories).stream()
        .map(bridge ->
            Finding.warning(
                name(),
                "the bridge " + bridge + " of an earlier daemon is still there",
                "it goes when root's daemon starts or stops and no VM runs on it; or, as root,"
                    + " `banger uninstall`"))
        .toList();
  }
}
