package dev.banger.image.disk;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.List;

/** Who uses a published thing; asked under the lock of image operations, so that it stays true. */
@FunctionalInterface
public interface Users {
  /** Names of VMs, or what else they are. */
  List<String> names() throws BangerException;

  /** Fails with IN_USE when there is one. */
  default void requireNone(String what) throws BangerException {
    requireNone(what, "delete what uses it first");
  }

  /**
   * As {@link #requireNone(String)}.
   *
   * @param hint what to do about it
   */
  default void requireNone(String what, String hint) throws BangerException {
    List<String> names = names();
    if (!names.isEmpty()) {
      throw new BangerException(
          ErrorCode.IN_USE, what + " is used by " + String.join(", ", names), hint);
    }
  }
}
