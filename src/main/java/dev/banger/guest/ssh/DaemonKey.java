package dev.banger.guest.ssh;

import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.Ed25519;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.util.Set;

/**
 * The daemon's own SSH key, which root of every guest lets in: {@code id_ed25519} and {@code
 * id_ed25519.pub}, made when first wanted. What is there is never written over. The files are the
 * truth and are read each time, which takes no cryptography.
 */
public final class DaemonKey {
  private static final String COMMENT = "banger";
  private static final String PREFIX = ".new-";
  private static final int LONGEST = 16 << 10;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final Path directory;
  private final Path file;
  private final Path publicFile;
  private final SecureRandom random = new SecureRandom();
  private final LeafLock lock = new LeafLock("SSH key");

  /**
   * @param directory made when it is missing, for its owner alone
   */
  public DaemonKey(Path directory) {
    this.directory = directory;
    this.file = directory.resolve("id_ed25519");
    this.publicFile = directory.resolve("id_ed25519.pub");
  }

  /** The private key, for an SSH client. */
  public Path file() {
    return file;
  }

  /** A line of authorized_keys. */
  public String line() throws BangerException {
    return key().line();
  }

  /** {@code SHA256:...} */
  public String fingerprint() throws BangerException {
    return key().fingerprint();
  }

  private OpenSshKey key() throws BangerException {
    lock.lock();
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        if (Files.exists(publicFile, LinkOption.NOFOLLOW_LINKS)) {
          throw damaged(new NoSuchFileException(file.toString(), null, "only its .pub is there"));
        }
        make();
      }
      OpenSshKey key = OpenSshKey.parse(read(file));
      if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
        throw new IOException("others than its owner may read it");
      }
      if (!Files.exists(publicFile)) { // of a daemon that died in between
        publish(publicFile, key.line() + "\n", "rw-r--r--");
      }
      if (!sameKey(read(publicFile), key.line())) {
        throw new IOException("it is another one than " + publicFile + " says");
      }
      return key;
    } catch (IOException e) {
      throw damaged(e);
    } finally {
      lock.unlock();
    }
  }

  /** Comments are the user's. */
  private static boolean sameKey(String text, String line) {
    String[] here = text.strip().split(" ", 3);
    String[] wanted = line.split(" ", 3);
    return here.length >= 2 && here[0].equals(wanted[0]) && here[1].equals(wanted[1]);
  }

  private BangerException damaged(IOException why) {
    return new BangerException(
        ErrorCode.CORRUPT,
        "cannot use the daemon's SSH key " + file,
        "put it back as it was (its mode is 0600), or remove it and "
            + publicFile
            + ": then another is made, which VMs get when they start",
        why);
  }

  private static String read(Path path) throws IOException {
    if (Files.size(path) > LONGEST) {
      throw new IOException(path + " is too long for a key");
    }
    return Files.readString(path, StandardCharsets.ISO_8859_1);
  }

  private void make() throws BangerException {
    try {
      makeFiles();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot make the daemon's SSH key " + file,
          "check the permissions of its directory, and the free space",
          e);
    }
  }

  private void makeFiles() throws IOException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try (DirectoryStream<Path> begun = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path half : begun) { // of a daemon that died
        Files.deleteIfExists(half);
      }
    }
    OpenSshKey key = generate();
    publish(file, key.file(random.nextInt()), "rw-------");
    publish(publicFile, key.line() + "\n", "rw-r--r--");
  }

  private OpenSshKey generate() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      byte[] secret = ((EdECPrivateKey) pair.getPrivate()).getBytes().orElseThrow();
      return new OpenSshKey(secret, Ed25519.encoded((EdECPublicKey) pair.getPublic()), COMMENT);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  /** Written beside, then given its name; never over what is there. */
  private void publish(Path target, String text, String mode) throws IOException {
    FileAttribute<?> permissions =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    Path beside = Files.createTempFile(directory, PREFIX, "", permissions);
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString(mode));
      Files.createLink(target, beside);
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    } finally {
      Files.deleteIfExists(beside);
    }
  }
}
