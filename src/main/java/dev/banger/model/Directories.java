package dev.banger.model;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where banger keeps things. {@code --data-dir} or BANGER_HOME wins and holds everything, then
 * XDG_* where set (for root too), then the system's places for uid 0, else the XDG defaults.
 *
 * @param data images, kernels, disks, the database; docs/state-dir.md lists each file
 * @param run sockets and process records; gone after a reboot
 * @param cache what can be downloaded or made again
 * @param config holds {@code config.toml}
 */
public record Directories(Path data, Path run, Path cache, Path config) {
  /**
   * The longest path that fits a Unix socket address, in bytes (unix(7), sun_path less the NUL).
   */
  public static final int SOCKET_PATH_LIMIT = 107;

  private static final int HASH_DIGITS = 12;

  /** Follows the rules above for this environment. */
  public static Directories of(
      Map<String, String> environment, @Nullable Path chosen, boolean root) {
    Path home = chosen != null ? chosen : path(environment, "BANGER_HOME");
    if (home != null) {
      Path all = home.toAbsolutePath().normalize();
      return new Directories(all, all.resolve("run"), all.resolve("cache"), all);
    }
    Path user = Path.of(environment.getOrDefault("HOME", "/"));
    return new Directories(
        place(environment, "XDG_DATA_HOME", root, "/var/lib", user.resolve(".local/share")),
        place(environment, "XDG_RUNTIME_DIR", root, "/run", user.resolve(".local/state")),
        place(environment, "XDG_CACHE_HOME", root, "/var/cache", user.resolve(".cache")),
        place(environment, "XDG_CONFIG_HOME", root, "/etc", user.resolve(".config")));
  }

  private static Path place(
      Map<String, String> environment, String name, boolean root, String system, Path fallback) {
    Path xdg = path(environment, name);
    Path parent = xdg != null ? xdg : root ? Path.of(system) : fallback;
    return parent.resolve("banger");
  }

  /** Relative values are ignored, as the XDG specification asks. */
  private static @Nullable Path path(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null || value.isEmpty()) {
      return null;
    }
    Path path = Path.of(value);
    return path.isAbsolute() || name.equals("BANGER_HOME") ? path : null;
  }

  public Path socket() {
    return run.resolve("banger.sock");
  }

  public Path database() {
    return data.resolve("banger.db");
  }

  public Path daemonLog() {
    return data.resolve("log").resolve("daemon.log");
  }

  /** The parent of all VMs' directories. */
  public Path vms() {
    return data.resolve("vms");
  }

  /** The parent of all VMs' run directories. */
  public Path vmRuns() {
    return run.resolve("vm");
  }

  /** What the directory of VMs' memory is called where all programs share one: nobody else's is. */
  public String memoryName(int uid) {
    return memoryName(vmRuns(), uid);
  }

  /** As {@link #memoryName(int)}, by the parent of all VMs' run directories. */
  public static String memoryName(Path vmRuns, int uid) {
    String home = vmRuns.toAbsolutePath().normalize().toString();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(home.getBytes(StandardCharsets.UTF_8));
      return "banger-" + uid + "-" + HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Disks and logs of one VM. */
  public Path vm(VmId id) {
    return vms().resolve(id.value());
  }

  /** Sockets and process records of one VM. */
  public Path vmRun(VmId id) {
    return vmRuns().resolve(id.value());
  }

  public Path images() {
    return data.resolve("images");
  }

  /** Releases of VMMs that were fetched. */
  public Path vmmReleases() {
    return data.resolve("vmm");
  }

  public Path kernels() {
    return data.resolve("kernels");
  }
}
