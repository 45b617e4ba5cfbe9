package dev.banger.daemon;

import dev.banger.vmm.VmmSpec;
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

  /** A VMM of root's daemon gets a uid of its own; a user's runs as the user. */
  static Optional<VmmSpec.Confinement> confinement(boolean root, long number) {
    if (!root) {
      return Optional.empty();
    }
    int uid = FIRST_VMM_UID + (int) (number % VMM_UIDS);
    return Optional.of(new VmmSpec.Confinement(uid, uid));
  }
}
