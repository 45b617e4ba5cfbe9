package dev.banger.daemon;

import dev.banger.config.Config;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the daemon must know of the process it is and of where it was installed. */
final class Host {
  /**
   * The first of the uids of VMMs: above those of systemd's dynamic users and of containers
   * (systemd's documentation, "Users, Groups, UIDs and GIDs on systemd systems").
   */
  private static final int FIRST_VMM_UID = 0x70000000;

  private static final int VMM_UIDS = 0x0fffffff;

  private Host() {}

  static boolean isRoot() throws BangerException {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot read /proc/self", "mount /proc", e);
    }
  }

  /** A VMM of root's daemon gets a uid of its own; a user's runs as the user. */
  static Optional<VmmSpec.Confinement> confinement(boolean root, long number) {
    if (!root) {
      return Optional.empty();
    }
    int uid = FIRST_VMM_UID + (int) (number % VMM_UIDS);
    return Optional.of(new VmmSpec.Confinement(uid, uid));
  }

  /** The programs that ship with banger are beside its jar, or in the source tree's guest/build. */
  static Binaries binaries(Config config) throws BangerException {
    Path home = home();
    return new Binaries(
        config.binaries(),
        List.of(
            home.resolve("bin"), home.resolve("guest/build"), home.resolveSibling("guest/build")),
        System.getenv().getOrDefault("PATH", ""));
  }

  /** The directory that holds the jar; in a source tree the directory above target. */
  private static Path home() throws BangerException {
    try {
      Path code = Path.of(Host.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path parent = code.toAbsolutePath().getParent();
      return parent == null ? Path.of("/") : parent;
    } catch (URISyntaxException e) {
      throw new BangerException(
          ErrorCode.INTERNAL, "cannot tell where banger is installed", "report this", e);
    }
  }
}
