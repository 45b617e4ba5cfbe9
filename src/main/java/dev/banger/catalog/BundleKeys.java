package dev.banger.catalog;

import dev.banger.model.BangerException;
import dev.banger.model.Ed25519;
import dev.banger.model.ErrorCode;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Keys that sign bundles: Ed25519 (RFC 8032). A private one is a file as {@code openssl genpkey
 * -algorithm ed25519} makes it (PKCS #8, PEM); a public one is a word, {@code ed25519:} and its 32
 * bytes in base64.
 */
public final class BundleKeys {
  private static final String ALGORITHM = "Ed25519";
  private static final String PUBLIC = "ed25519:";
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";

  private BundleKeys() {}

  /** A new one, as its file holds it. */
  public static String generate() {
    try {
      byte[] key =
          KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair().getPrivate().getEncoded();
      return BEGIN
          + "\n"
          + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
          + "\n"
          + END
          + "\n";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a private key's file. INVALID when it is none.
   *
   * @param from the file's name, for messages
   */
  public static PrivateKey read(String pem, String from) throws BangerException {
    int begin = pem.indexOf(BEGIN);
    int end = pem.indexOf(END);
    if (begin < 0 || end < begin) {
      throw noKey(from, null);
    }
    try {
      byte[] der =
          Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end).strip());
      return KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      throw noKey(from, e);
    }
  }

  private static BangerException noKey(String from, @Nullable Exception cause) {
    return new BangerException(
        ErrorCode.INVALID,
        "there is no Ed25519 private key in " + from,
        "make one with `banger catalog key FILE` or `openssl genpkey -algorithm ed25519 -out FILE`",
        cause);
  }

  /** The word that others put into their configuration to believe this key. */
  public static String publicWord(PrivateKey key) {
    byte[] seed = ((EdECPrivateKey) key).getBytes().orElseThrow();
    KeyPair pair = fromSeed(seed);
    byte[] bytes = Ed25519.encoded((EdECPublicKey) pair.getPublic());
    return PUBLIC + Base64.getEncoder().encodeToString(bytes);
  }

  /** The JDK derives no public key from a private one; but its generator does from its "chance". */
  private static KeyPair fromSeed(byte[] seed) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
      generator.initialize(
          new NamedParameterSpec(ALGORITHM),
          new SecureRandom() {
            @Override
            public void nextBytes(byte[] bytes) {
              System.arraycopy(seed, 0, bytes, 0, bytes.length);
            }
          });
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** IllegalArgumentException when the word is none. */
  public static PublicKey publicKey(String word) {
    byte[] bytes =
        word.startsWith(PUBLIC)
            ? Base64.getDecoder().decode(word.substring(PUBLIC.length()))
            : new byte[0];
    if (bytes.length != Ed25519.LENGTH) {
      throw new IllegalArgumentException("a public key is ed25519: and 32 bytes in base64");
    }
    boolean odd = (bytes[Ed25519.LENGTH - 1] & Ed25519.ODD) != 0;
    byte[] y = Arrays.copyOf(bytes, Ed25519.LENGTH);
    y[Ed25519.LENGTH - 1] &= (byte) ~Ed25519.ODD;
    for (int i = 0; i < Ed25519.LENGTH / 2; i++) {
      byte other = y[i];
      y[i] = y[Ed25519.LENGTH - 1 - i];
      y[Ed25519.LENGTH - 1 - i] = other;
    }
    try {
      return KeyFactory.getInstance(ALGORITHM)
          .generatePublic(
              new EdECPublicKeySpec(
                  new NamedParameterSpec(ALGORITHM), new EdECPoint(odd, new BigInteger(1, y))));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the public key is no point of the curve", e);
    }
  }
}
