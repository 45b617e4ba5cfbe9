package dev.banger.image.oci;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/**
 * The name of a content: {@code sha256:} or {@code sha512:} and lower-case hexadecimal digits, so
 * it is safe as a file name.
 */
public record Digest(Algorithm algorithm, String hex) {
  /** Those that the image specification registers. */
  public enum Algorithm {
    SHA256("SHA-256", 64),
    SHA512("SHA-512", 128);

    private final String javaName;
    private final int digits;

    Algorithm(String javaName, int digits) {
      this.javaName = javaName;
      this.digits = digits;
    }

    /** As it stands before the colon. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    MessageDigest begin() {
      try {
        return MessageDigest.getInstance(javaName);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  public Digest {
    if (hex.length() != algorithm.digits
        || !hex.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
      throw new IllegalArgumentException("no " + algorithm.label() + " digest");
    }
  }

  /** Empty when the text is none, or of an algorithm that is not known. */
  public static Optional<Digest> read(String text) {
    for (Algorithm algorithm : Algorithm.values()) {
      String beginning = algorithm.label() + ":";
      if (text.startsWith(beginning)) {
        try {
          return Optional.of(new Digest(algorithm, text.substring(beginning.length())));
        } catch (IllegalArgumentException e) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  /** Of these bytes. */
  public static Digest of(Algorithm algorithm, byte[] content) {
    return ended(algorithm, algorithm.begin().digest(content));
  }

  static Digest ended(Algorithm algorithm, byte[] sum) {
    return new Digest(algorithm, HexFormat.of().formatHex(sum));
  }

  boolean matches(byte[] content) {
    return of(algorithm, content).equals(this);
  }

  /** Enough to recognise it by. */
  public String brief() {
    return hex.substring(0, 12);
  }

  @Override
  public String toString() {
    return algorithm.label() + ":" + hex;
  }
}
