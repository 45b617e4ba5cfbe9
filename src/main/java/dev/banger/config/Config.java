package dev.banger.config;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The daemon's settings; docs/config.md lists them.
 *
 * @param vmm who runs VMs
 * @param accelerator which accelerator VMs use
 * @param vm what a VM gets when nobody says otherwise
 * @param authorization who may log in to guests, and the git identity there
 * @param binaries programs by name, at a path the user chose
 * @param log how the daemon's log looks
 * @param admission how many VMs may run
 * @param registries where images are pulled from
 * @param catalogs where bundles are listed
 * @param network how VMs reach the network
 * @param disks how VMs' system disks are made
 */
public record Config(
    VmmSettings vmm,
    AcceleratorChoice accelerator,
    VmDefaults vm,
    Authorization authorization,
    Map<String, Path> binaries,
    Log log,
    Admission admission,
    RegistrySettings registries,
    CatalogSettings catalogs,
    NetworkSettings network,
    DiskSettings disks) {

  /** {@code accel}: the probe decides, or the user does. */
  public enum AcceleratorChoice {
    AUTO,
    KVM,
    TCG
  }

  /**
   * {@code [vm]}; {@code bootLimit} is how long a guest may take to answer, {@code hangLimit} how
   * long one that has answered may be silent; empty: by accelerator.
   */
  public record VmDefaults(
      String image,
      int cpus,
      ByteSize memory,
      ByteSize disk,
      Optional<Duration> bootLimit,
      Optional<Duration> hangLimit,
      Rates rates) {}

  /**
   * Bytes a second at most; empty: as fast as the host can.
   *
   * @param disk of each disk of a VM
   * @param network of each card, each way
   */
  public record Rates(Optional<ByteSize> disk, Optional<ByteSize> network) {
    public static final Rates NONE = new Rates(Optional.empty(), Optional.empty());
  }

  /**
   * {@code [authorization]} and {@code [[sync]]}: whole authorized_keys lines.
   *
   * @param agents by a VM's name: fingerprints of keys of SSH agents that it may use; {@code *}:
   *     all
   */
  public record Authorization(
      List<String> keys, Git git, Map<String, List<String>> agents, List<Synced> files) {
    public static final Authorization NONE =
        new Authorization(List.of(), new Git("", "", ""), Map.of(), List.of());

    public Authorization {
      keys = List.copyOf(keys);
      agents = Map.copyOf(agents);
      files = List.copyOf(files);
    }
  }

  /**
   * Who commits in guests; empty values leave git alone.
   *
   * @param signingKey the SSH key that commits are signed with, as a line of authorized_keys
   */
  public record Git(String name, String email, String signingKey) {
    public boolean isEmpty() {
      return name.isEmpty() && email.isEmpty() && signingKey.isEmpty();
    }
  }

  /**
   * A file of this host that guests get.
   *
   * @param to absolute, or below the home of the guest's root
   */
  public record Synced(Path from, String to, int mode) {}

  /** {@code [log]}: {@code format} is text (key=value) or json. */
  public record Log(String level, String format) {}

  /**
   * {@code [admission]}.
   *
   * @param memoryOvercommit how much memory all VMs may have together, as a multiple of what there
   *     is
   * @param diskFloor no VM starts when less is free under the data directory
   */
  public record Admission(double memoryOvercommit, ByteSize diskFloor) {
    /** What VMs may have together where so much is there. */
    public ByteSize overcommitted(ByteSize there) {
      return new ByteSize((long) (there.bytes() * memoryOvercommit));
    }
  }

  public Config {
    binaries = Map.copyOf(binaries);
  }

  /** What holds where the file says nothing. */
  public static Config defaults() {
    return new Config(
        VmmSettings.defaults(),
        AcceleratorChoice.AUTO,
        new VmDefaults(
            "debian:bookworm",
            1,
            ByteSize.mib(512),
            ByteSize.gib(10),
            Optional.empty(),
            Optional.empty(),
            Rates.NONE),
        Authorization.NONE,
        Map.of(),
        new Log("info", "text"),
        new Admission(1.5, ByteSize.mib(512)),
        RegistrySettings.defaults(),
        CatalogSettings.defaults(),
        NetworkSettings.defaults(),
        DiskSettings.defaults());
  }

  /** Reads the file; the defaults when there is none. */
  public static Config read(Path file) throws BangerException {
    if (!Files.exists(file)) {
      return defaults();
    }
    try {
      return new ConfigParser(file, Files.readString(file)).parse();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot read " + file, "make it readable UTF-8 text, or remove it", e);
    }
  }
}
