package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What the daemon must know of the user it runs as. */
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
}
