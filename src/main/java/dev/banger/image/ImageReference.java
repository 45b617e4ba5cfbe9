package dev.banger.image;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names an image: {@code debian:bookworm}, {@code alpine}, {@code host/team/name:tag}, {@code
 * name@sha256:...}; {@code oci:/directory:tag}, {@code oci-archive:/file.tar}, {@code
 * docker-archive:/file.tar}; with {@code deb:} in front of a Debian release only the host's own
 * packages will do.
 *
 * @param name everything before the tag; {@code deb} for the forced form; all of it for a directory
 *     or a file
 * @param tag {@code latest} when nothing is said; a digest with its {@code @}; empty for a
 *     directory or a file
 */
public record ImageReference(String name, String tag) {
  private static final String COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  private static final Pattern SHAPE =
      Pattern.compile(
          "((?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?%1$s(?:/%1$s)*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128})?"
              .formatted(COMPONENT));
  private static final Pattern FILE =
      Pattern.compile("(?:oci|oci-archive|docker-archive):/[^\\p{Cntrl}]+");
  private static final int LENGTH_LIMIT = 255;
  private static final int FILE_LENGTH_LIMIT = 4096;
  private static final String FORCED = "deb";

  /** Reads what a user typed. */
  public static ImageReference parse(String text) throws BangerException {
    if (text.length() <= FILE_LENGTH_LIMIT && FILE.matcher(text).matches()) {
      return new ImageReference(text, "");
    }
    Matcher matcher = SHAPE.matcher(text);
    if (text.length() > LENGTH_LIMIT || !matcher.matches()) {
      throw invalid(text);
    }
    String tag = matcher.group(3) == null ? matcher.group(2) : matcher.group(3);
    if (matcher.group(1).equals(FORCED) && tag == null) {
      throw invalid(text);
    }
    return new ImageReference(matcher.group(1), tag == null ? "latest" : tag);
  }

  private static BangerException invalid(String text) {
    String shown = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return new BangerException(
        ErrorCode.INVALID,
        "'" + shown.replaceAll("\\p{Cntrl}", "?") + "' is no image reference",
        "write name:tag in lower case, as in debian:bookworm, or oci:/DIRECTORY, oci-archive:/FILE,"
            + " docker-archive:/FILE");
  }

  /** Whether only the host's own packages will do. */
  public boolean forcesHostPackages() {
    return name.equals(FORCED);
  }

  /** Whether it is {@code name:tag}, and neither a digest nor a file. */
  public boolean isTagged() {
    return !tag.isEmpty() && !tag.contains("@");
  }

  @Override
  public String toString() {
    return tag.isEmpty() || tag.startsWith("@") ? name + tag : name + ":" + tag;
  }
}
