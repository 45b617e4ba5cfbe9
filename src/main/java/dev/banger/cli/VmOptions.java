package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Durations;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
      fallbackValue = WaitOption.STANDARD,
      description = WaitOption.DESCRIPTION)
  @Nullable String wait;

  /** The request; what is missing is left to the daemon. */
  final VmApi.Create create(@Nullable String chosenImage, String standardInitMode, boolean start)
      throws BangerException, UsageException {
    if (name != null) {
      VmName.parse(name);
    }
    if (cpus != null && cpus < 1) {
      throw new UsageException("a VM needs at least one CPU, not " + cpus, "");
    }
    return new VmApi.Create(
        name,
        chosenImage == null ? image : chosenImage,
        kernel,
        cpus == null ? 0 : cpus,
        size(memory),
        size(disk),
        environment(env),
        initMode == null ? standardInitMode : initMode,
        start,
        pairs(labels),
        Keys.random(),
        restart(),
        millis("--ttl", ttl),
        millis("--idle-stop", idleStop),
        WaitOption.millis(wait));
  }

  private @Nullable String restart() throws UsageException {
    try {
      return restart == null ? null : RestartPolicy.parse(restart).toString();
    } catch (BangerException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e.hint());
    }
  }

  private static long millis(String option, @Nullable String text) throws UsageException {
    try {
      return text == null ? 0 : Durations.parse(option, text).toMillis();
    } catch (BangerException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e.hint());
    }
  }

  static long size(@Nullable String text) throws UsageException {
    if (text == null) {
      return 0;
    }
    try {
      ByteSize size = ByteSize.parse(text);
      if (size.bytes() > 0) {
        return size.bytes();
      }
    } catch (BangerException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e.hint());
    }
    throw new UsageException("a size of 0 is none", "write a number with a unit: 512M, 10G");
  }

  /** {@code K} alone passes on this shell's value, if it has one. */
  static List<String> environment(@Nullable List<String> given) throws UsageException {
    List<String> pairs = new ArrayList<>();
    for (String text : given == null ? List.<String>of() : given) {
      int equals = text.indexOf('=');
      if (text.isEmpty() || equals == 0) {
        throw new UsageException("'" + text + "' is no environment variable", "write K=V or K");
      }
      String own = equals < 0 ? System.getenv(text) : null;
      if (equals > 0) {
        pairs.add(text);
      } else if (own != null) {
        pairs.add(text + "=" + own);
      }
    }
    return pairs;
  }

  static Map<String, String> pairs(@Nullable List<String> given) throws UsageException {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String text : given == null ? List.<String>of() : given) {
      int equals = text.indexOf('=');
      if (equals < 1) {
        throw new UsageException("'" + text + "' is no label", "write K=V");
      }
      pairs.put(text.substring(0, equals), text.substring(equals + 1));
    }
    return pairs;
  }
}
