package dev.banger.catalog;

import java.util.regex.Pattern;

/**
 * One image that can be had.
 *
 * @param name as in {@code name:version}
 * @param version a tag
 * @param architecture as Debian says it: {@code amd64}
 * @param description for people; may be empty
 * @param origin where it comes from
 */
public record CatalogEntry(
    String name, String version, String architecture, String description, Origin origin) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+|/)[a-z0-9]+)*");
  private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final Pattern WORD = Pattern.compile("[a-z0-9_]{1,32}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern RELEASE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.+~_-]{0,127}");
  private static final int LONGEST_NAME = 200;
  private static final int LONGEST_TEXT = 1024;
  private static final long LARGEST_BUNDLE = 1L << 40;

  /** Where an image comes from. */
  public sealed interface Origin {}

  /** Another source has it under this reference. */
  public record Elsewhere(String reference) implements Origin {
    public Elsewhere {
      require(isLine(reference) && !reference.isEmpty(), "a reference");
    }
  }

  /**
   * A bundle.
   *
   * @param kernel the release that is in it; empty: none is
   * @param url absolute, or relative to the catalog
   * @param size bytes of the bundle's file
   * @param sha256 of the bundle's file, in hexadecimal digits
   * @param signature of {@link #signedText}, base64; empty: nobody has signed it
   */
  public record Bundle(String kernel, String url, long size, String sha256, String signature)
      implements Origin {
    public Bundle {
      require(kernel.isEmpty() || RELEASE.matcher(kernel).matches(), "the kernel");
      require(isLine(url) && !url.isEmpty(), "the url");
      require(size > 0 && size <= LARGEST_BUNDLE, "the size");
      require(SHA256.matcher(sha256).matches(), "the sha256");
      require(isLine(signature), "the signature");
    }

    /** The same with this signature. */
    public Bundle signed(String by) {
      return new Bundle(kernel, url, size, sha256, by);
    }
  }

  public CatalogEntry {
    require(name.length() <= LONGEST_NAME && NAME.matcher(name).matches(), "the name");
    require(VERSION.matcher(version).matches(), "the version");
    require(WORD.matcher(architecture).matches(), "the architecture");
    require(isLine(description), "the description");
  }

  private static void require(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException(what + " is missing or malformed");
    }
  }

  private static boolean isLine(String text) {
    return text.length() <= LONGEST_TEXT && text.chars().noneMatch(Character::isISOControl);
  }

  /** {@code name:version}. */
  public String reference() {
    return name + ":" + version;
  }

  /** The same from elsewhere. */
  public CatalogEntry from(Origin other) {
    return new CatalogEntry(name, version, architecture, description, other);
  }

  /**
   * What a signature of the bundle vouches for: everything that decides what will run. Where the
   * bundle lies does not: it may move.
   */
  public String signedText(Bundle bundle) {
    return """
    banger bundle 1
    name %s
    version %s
    architecture %s
    kernel %s
    size %d
    sha256 %s
    """
        .formatted(name, version, architecture, bundle.kernel(), bundle.size(), bundle.sha256());
  }
}
