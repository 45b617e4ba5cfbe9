package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Paths of this host in calls. */
final class HostPath {
  private static final int LIMIT = 4096;

  private HostPath() {}

  static Path parse(String text) throws BangerException {
    boolean readable =
        text.startsWith("/")
            && text.length() <= LIMIT
            && text.chars().noneMatch(Character::isISOControl);
    if (!readable) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a file of this host must be named by an absolute path without control characters",
          "check what was given");
    }
    return Path.of(text);
  }

  static Optional<Path> optional(@Nullable String text) throws BangerException {
    return text == null ? Optional.empty() : Optional.of(parse(text));
  }
}
