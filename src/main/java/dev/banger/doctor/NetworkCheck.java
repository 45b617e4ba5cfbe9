package dev.banger.doctor;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.net.UserLink;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.proc.Binaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which network VMs get here, and who else on this host may stand in its way. */
final class NetworkCheck implements Check {
  private static final Pattern TABLE = Pattern.compile("table (\\S+ \\S+) \\{");
  private static final Pattern CHAIN = Pattern.compile("chain (\\S+) \\{");
  private static final Pattern DROPS =
      Pattern.compile("type filter hook forward priority .*; policy drop;");

  private final NetworkSettings settings;
  private final Binaries binaries;

  NetworkCheck(NetworkSettings settings, Binaries binaries) {
    this.settings = settings;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "network";
  }

  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    if (settings.mode() == NetworkSettings.Mode.USER || !isRoot()) {
      return List.of(user("guests reach the network as this user"));
    }
    try (LinuxNetwork host = LinuxNetwork.open()) {
      List<Finding> findings = new ArrayList<>();
      findings.add(
          Finding.ok(
              name(), "bridge " + (settings.bridge().isEmpty() ? "banger0" : settings.bridge())));
      findings.addAll(neighbours(host));
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

  private static boolean isRoot() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      return false;
    }
  }

  /** Chains of others that drop what they do not know: docker, ufw and firewalld make them. */
  private List<Finding> neighbours(HostNetwork host) throws BangerException {
    List<Finding> found = new ArrayList<>();
    String table = "";
    String chain = "";
    for (String line : host.filter("list ruleset").lines().toList()) {
      Matcher begins = TABLE.matcher(line);
      Matcher inside = CHAIN.matcher(line);
      if (begins.find()) {
        table = begins.group(1);
      } else if (inside.find()) {
        chain = inside.group(1);
      } else if (DROPS.matcher(line).find()) {
        found.add(
            Finding.warning(
                name(),
                "packets of VMs may not leave: chain "
                    + chain
                    + " of table "
                    + table
                    + " drops what it does not know",
                "let them pass there: nft insert rule "
                    + table
                    + " "
                    + chain
                    + " iifname banger0 accept; nft insert rule "
                    + table
                    + " "
                    + chain
                    + " oifname banger0 ct state established,related accept"));
      }
    }
    return found;
  }
}
