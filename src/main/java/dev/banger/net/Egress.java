package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.Locale;

/** Where a VM's packets may go, beyond the bridge. */
public enum Egress {
  /** Everywhere but private and link-local addresses: the host's neighbours are not the VM's. */
  INTERNET,
  /** Everywhere that the host's routes lead. */
  ALL,
  /** Nowhere. */
  NONE;

  public static Egress parse(String text) throws BangerException {
    for (Egress egress : values()) {
      if (egress.toString().equals(text)) {
        return egress;
      }
    }
    throw new BangerException(
        ErrorCode.INVALID, "'" + text + "' is no egress", "write internet, all or none");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
