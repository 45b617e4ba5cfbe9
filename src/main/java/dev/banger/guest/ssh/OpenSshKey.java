package dev.banger.guest.ssh;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/**
 * An Ed25519 key as OpenSSH writes it: PROTOCOL.key of its sources for the private half, RFC 8709
 * for the public one. Nothing here computes with it.
 */
final class OpenSshKey {
  static final String TYPE = "ssh-ed25519";
  private static final int HALF = 32;
  private static final String BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  private static final String END = "-----END OPENSSH PRIVATE KEY-----\n";
  private static final byte[] MAGIC = "openssh-key-v1\0".getBytes(StandardCharsets.US_ASCII);
  private static final int LINE = 70;

  /** What is padded is a multiple of this. */
  private static final int UNIT = 8;

  private final byte[] secret;
  private final byte[] open;
  private final String comment;

  /**
   * @param secret the seed, 32 bytes (RFC 8032)
   * @param open the public key, 32 bytes
   * @param comment printable ASCII
   */
  OpenSshKey(byte[] secret, byte[] open, String comment) {
    if (secret.length != HALF || open.length != HALF) {
      throw new IllegalArgumentException("an Ed25519 key has 32 bytes");
    }
    this.secret = secret.clone();
    this.open = open.clone();
    this.comment = comment;
  }

  /**
   * Reads a private key that no passphrase closes.
   *
   * @throws IOException says what is wrong with it
   */
  static OpenSshKey parse(String text) throws IOException {
    if (!text.startsWith(BEGIN) || !text.endsWith(END)) {
      throw new IOException("it is no OpenSSH private key, or not all of one");
    }
    String body = text.substring(BEGIN.length(), text.length() - END.length()).replace("\n", "");
    try {
      return parse(ByteBuffer.wrap(Base64.getDecoder().decode(body)));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IOException("it is damaged", e);
    }
  }

  private static OpenSshKey parse(ByteBuffer key) throws IOException {
    byte[] magic = new byte[MAGIC.length];
    key.get(magic);
    require(Arrays.equals(magic, MAGIC), "it is no OpenSSH private key");
    String cipher = text(key);
    String derivation = text(key);
    require(cipher.equals("none") && derivation.equals("none"), "a passphrase closes it");
    require(text(key).isEmpty() && key.getInt() == 1, "it is damaged");
    ByteBuffer blob = ByteBuffer.wrap(bytes(key));
    ByteBuffer closed = ByteBuffer.wrap(bytes(key));
    require(text(blob).equals(TYPE), "it is no Ed25519 key");
    byte[] open = bytes(blob);
    int check = closed.getInt();
    int checkAgain = closed.getInt();
    require(check == checkAgain && text(closed).equals(TYPE), "it is damaged");
    byte[] again = bytes(closed);
    byte[] both = bytes(closed);
    String comment = text(closed);
    require(
        open.length == HALF
            && Arrays.equals(open, again)
            && both.length == 2 * HALF
            && Arrays.equals(open, Arrays.copyOfRange(both, HALF, 2 * HALF)),
        "its halves do not belong together");
    return new OpenSshKey(Arrays.copyOf(both, HALF), open, comment);
  }

  private static void require(boolean holds, String otherwise) throws IOException {
    if (!holds) {
      throw new IOException(otherwise);
    }
  }

  private static byte[] bytes(ByteBuffer from) throws IOException {
    int length = from.getInt();
    require(length >= 0 && length <= from.remaining(), "it is damaged");
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  private static String text(ByteBuffer from) throws IOException {
    return new String(bytes(from), StandardCharsets.UTF_8);
  }

  /**
   * The private key's file.
   *
   * @param check any number: who opens a closed key sees by it that the passphrase was right
   */
  String file(int check) {
    byte[] blob = blob();
    ByteBuffer closed = ByteBuffer.allocate(1024);
    closed.putInt(check).putInt(check);
    put(closed, TYPE);
    put(closed, open);
    put(closed, ByteBuffer.allocate(2 * HALF).put(secret).put(open).array());
    put(closed, comment);
    for (byte padding = 1; closed.position() % UNIT != 0; padding++) {
      closed.put(padding);
    }
    ByteBuffer key = ByteBuffer.allocate(2048);
    key.put(MAGIC);
    put(key, "none");
    put(key, "none");
    put(key, "");
    key.putInt(1);
    put(key, blob);
    put(key, Arrays.copyOf(closed.array(), closed.position()));
    byte[] whole = Arrays.copyOf(key.array(), key.position());
    return BEGIN
        + Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(whole)
        + "\n"
        + END;
  }

  /** The line of {@code .pub} and of authorized_keys, without a line break. */
  String line() {
    return TYPE + " " + Base64.getEncoder().encodeToString(blob()) + " " + comment;
  }

  /** As {@code ssh-keygen -l} says it. */
  String fingerprint() {
    return fingerprint(blob());
  }

  /** Of any public key, as it stands on the wire. */
  static String fingerprint(byte[] key) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(key);
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private byte[] blob() {
    ByteBuffer blob = ByteBuffer.allocate(2 * Integer.BYTES + TYPE.length() + HALF);
    put(blob, TYPE);
    put(blob, open);
    return blob.array();
  }

  private static void put(ByteBuffer to, String text) {
    put(to, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void put(ByteBuffer to, byte[] bytes) {
    to.putInt(bytes.length).put(bytes);
  }
}
