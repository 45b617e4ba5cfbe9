package dev.banger.guest.ssh;

import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.Ed25519;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.util.Set;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.util.security.SecurityUtils;

/**
 * A key of the daemon: the one which root of every guest lets in ({@code id_ed25519} and {@code
 * id_ed25519.pub}), or another beside it; made when first wanted. What is there is never written
 * over. The files are the truth and are read each time, which takes no cryptography.
 */
public final class DaemonKey {
  private static final String PREFIX = ".new-";
  private static final int LONGEST = 16 << 10;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final Path directory;
  private final String comment;
  private final Path file;
  private final Path publicFile;
  private final SecureRandom random = new SecureRandom();
  private final LeafLock lock = new LeafLock("SSH key");

  /**
   * @param directory made when it is missing, for its owner alone
   */
  public DaemonKey(Path directory) {
    this(directory, "id_ed25519", "banger");
  }

  private DaemonKey(Path directory, String name, String comment) {
    this.directory = directory;
    this.comment = comment;
    this.file = directory.resolve(name);
    this.publicFile = directory.resolve(name + ".pub");
  }

  /** The key that vouches for the keys of hosts. */
  static DaemonKey authority(Path directory) {
    return new DaemonKey(directory, "ca_ed25519", "banger-ca");
  }

  /** The private key, for an SSH client. */
  public Path file() {
    return file;
  }

  /** A line of authorized_keys. */
  public String line() throws BangerException {
    return key().line();
  }

  /** Another in its place; what is cut off at any point leaves a whole key, old or new. */
  void rotate() throws BangerException {
    String _ = line(); // what is damaged is not hidden by a new one
    lock.lock();
    try {
      OpenSshKey key = generate();
      Files.deleteIfExists(publicFile); // a private key alone gets its public one back
      replace(file, key.file(random.nextInt()), "rw-------");
      publish(publicFile, key.line() + "\n", "rw-r--r--");
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot change the daemon's SSH key " + file,
          "check the permissions of its directory, and the free space; then try again",
          e);
    } finally {
      lock.unlock();
    }
  }

  /** {@code SHA256:...} */
  public String fingerprint() throws BangerException {
    return key().fingerprint();
  }

  /** To sign and to verify with. */
  KeyPair pair() throws BangerException {
    String text = key().file(0);
    try (InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII))) {
      return SecurityUtils.loadKeyPairIdentities(
              null, NamedResource.ofName(String.valueOf(file)), in, FilePasswordProvider.EMPTY)
          .iterator()
          .next();
    } catch (IOException e) {
      throw damaged(e);
    } catch (GeneralSecurityException e) {
      throw damaged(new IOException(e));
    }
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
      return new OpenSshKey(secret, Ed25519.encoded((EdECPublicKey) pair.getPublic()), comment);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  /** Written beside, then given its name; never over what is there. */
  private void publish(Path target, String text, String mode) throws IOException {
    place(text, mode, beside -> Files.createLink(target, beside));
  }

  private void replace(Path target, String text, String mode) throws IOException {
    place(text, mode, beside -> Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE));
  }

  private interface Placing {
    void place(Path beside) throws IOException;
  }

  private void place(String text, String mode, Placing how) throws IOException {
    Path beside = Files.createTempFile(directory, PREFIX, "", ownerOnly());
    try {
      write(beside, text);
      Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString(mode));
      how.place(beside);
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  private static FileAttribute<?> ownerOnly() {
    return PosixFilePermissions.asFileAttribute(OWNER_ONLY);
  }

  private static void write(Path file, String text) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }
}
