package dev.banger.privileged;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether this process is root's: all else in this room needs that. */
public final class Root {
  private static final Path SELF = Path.of("/proc/self");

  private Root() {}

  public static boolean isRoot() throws BangerException {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(SELF, "unix:uid"));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot read " + SELF, "mount /proc", e);
    }
  }
}
