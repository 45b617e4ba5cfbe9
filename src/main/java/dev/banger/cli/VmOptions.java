package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.VmName;
import java.util.List;
import org.aesh.command.option.Option;
import org.aesh.command.option.OptionList;
import org.jspecify.annotations.Nullable;

/** The options of a VM to be: those of create and run. */
abstract class VmOptions extends ClientCommand {
  @Option(description = "Its name: a DNS label; one is made up when missing")
  @Nullable String name;

  @Option(description = "Image reference, as debian:bookworm")
  @Nullable String image;

  @Option(description = "Kernel release; the newest local one when missing")
  @Nullable String kernel;

  @Option(description = "Number of virtual CPUs")
  @Nullable Integer cpus;

  @Option(description = "Memory, as 512M or 2G")
  @Nullable String memory;

  @Option(description = "Size of the disk, as 10G")
  @Nullable String disk;

  @OptionList(
      name = "env",
      shortName = 'e',
      valueSeparator = '\u0001',
      description = "K=V for its programs, or K to pass on this shell's; may stand many times")
  @Nullable List<String> env;

  @OptionList(
      name = "label",
      shortName = 'l',
      valueSeparator = '\u0001',
      description = "K=V, for you; may stand many times")
  @Nullable List<String> labels;

  @Option(
      name = "init-mode",
      allowedValues = {"auto", "system", "agent"},
      description = "Who is the first process: the image's init or banger's agent")
  @Nullable String initMode;

  @Option(
      description =
          "Start it again when it ends unasked: no, on-failure, on-failure:N (at most N times) or"
              + " always (also when a daemon starts)")
  @Nullable String restart;

  @Option(
      description = "Its lifetime, as 2h: when it is over the VM is stopped and DELETED, disks too")
  @Nullable String ttl;

  @Option(
      name = "idle-stop",
      description =
          "Stop it when nobody used it for so long, as 10m: no program or connection of a client,"
              + " its CPUs and network quiet")
  @Nullable String idleStop;

  @Option(
      name = "wait",
      optionalValue = true,
      fallbackValue = OptionValues.WAIT,
      description = OptionValues.WAIT_DESCRIPTION)
  @Nullable String wait;

  @OptionList(
      name = "publish",
      shortName = 'p',
      valueSeparator = '\u0001',
      description =
          "Publish a port on this host: 8080:80, 127.0.0.1:8080:80/udp, 8000-8010:80-90, or 80 for"
              + " any free port; without an address on 127.0.0.1 only, 0.0.0.0:8080:80 opens it to"
              + " the network; may stand many times")
  @Nullable List<String> publish;

  @Option(
      name = "publish-all",
      shortName = 'P',
      hasValue = false,
      description = "Publish all ports that the image says it listens on, on free ports")
  boolean publishAll;

  @Option(description = "Its IPv4 address, one of the bridge's")
  @Nullable String ip;

  @Option(description = "Named network whose members see each other; none: as without it")
  @Nullable String network;

  @Option(
      allowedValues = {"on", "off"},
      description = "Whether its packets leave under the host's address")
  @Nullable String nat;

  @OptionList(
      name = "egress",
      valueSeparator = '\u0001',
      description =
          "Where it may connect to: internet (all but private addresses), all, none, or a list of"
              + " 10.0.0.0/8, 10.1.2.3:5432/tcp, [fd00::1]:443, any:443, example.org:443 and"
              + " *.example.org, with commas or many times; it gets no other names then")
  @Nullable List<String> egress;

  @Option(
      name = "egress-mode",
      allowedValues = {"enforce", "audit", "learn"},
      description =
          "What becomes of the rest: enforce refuses it, audit lets it pass and notes it, learn notes"
              + " all; `banger network egress VM` shows it")
  @Nullable String egressMode;

  /** The request; what is missing is left to the daemon. */
  final VmApi.Create create(@Nullable String chosenImage, String standardInitMode, boolean start)
      throws BangerException, UsageException {
    if (name != null) {
      VmName.parse(name);
    }
    String chosen = chosenImage == null ? image : chosenImage;
    return new VmApi.Create(
        name,
        chosen == null ? null : OptionValues.image(chosen),
        kernel,
        OptionValues.cpus(cpus),
        OptionValues.size(memory),
        OptionValues.size(disk),
        OptionValues.environment(env),
        initMode == null ? standardInitMode : initMode,
        start,
        OptionValues.pairs(labels),
        Keys.random(),
        OptionValues.restart(restart),
        OptionValues.millisOrZero("--ttl", ttl),
        OptionValues.millisOrZero("--idle-stop", idleStop),
        OptionValues.millis("--wait", wait),
        publish,
        publishAll,
        OptionValues.network(
            ip, nat, network, new OptionValues.Egress(egress, null, null, egressMode)));
  }
}
