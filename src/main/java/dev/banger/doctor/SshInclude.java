package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * The lines in a user's {@code ~/.ssh/config} by which OpenSSH reads banger's own file. They stand
 * at its beginning, since what stands behind a {@code Host} line would hold for that host alone;
 * every other byte of it stays as it was.
 */
public final class SshInclude {
  private static final int LONGEST = 4 << 20;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final Path file;
  private final String first;
  private final String last;

  private SshInclude(Path file, Path data) {
    this.file = file;
    this.first = "# begin banger " + data + "\n";
    this.last = "# end banger " + data + "\n";
  }

  /** In the home of who asks, for the daemon of these directories. */
  public static SshInclude of(Map<String, String> environment, Directories directories) {
    Path home = Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")));
    return new SshInclude(home.resolve(".ssh").resolve("config"), directories.data());
  }

  public Path file() {
    return file;
  }

  /** The lines themselves. */
  public String block(Path config) {
    return first + "Include \"" + config + "\"\n" + last;
  }

  /** False when they are there already. */
  public boolean install(Path config) throws BangerException {
    try {
      String old = read();
      String others = without(old);
      String wanted = bytes(block(config)) + others;
      if (wanted.equals(old)) {
        return false;
      }
      write(wanted);
      return true;
    } catch (IOException e) {
      throw failure("cannot include banger's configuration in ", e);
    }
  }

  public boolean isInstalled() throws BangerException {
    try {
      String old = read();
      return !without(old).equals(old);
    } catch (IOException e) {
      throw failure("cannot look for banger's lines in ", e);
    }
  }

  /** False when there is nothing to take out. A file that held nothing else goes. */
  public boolean remove() throws BangerException {
    try {
      String old = read();
      String others = without(old);
      if (others.equals(old)) {
        return false;
      }
      if (others.isEmpty() && !Files.isSymbolicLink(file)) {
        Files.delete(file);
      } else {
        write(others);
      }
      return true;
    } catch (IOException e) {
      throw failure("cannot take banger's lines out of ", e);
    }
  }

  private BangerException failure(String what, IOException why) {
    return new BangerException(
        ErrorCode.PERMISSION,
        what + file,
        "check who may write it; `banger ssh-config` prints the lines to put there yourself",
        why);
  }

  /** As bytes in characters: what is no UTF-8 comes through as well. */
  private String read() throws IOException {
    if (!Files.exists(file)) {
      return "";
    }
    if (Files.size(file) > LONGEST) {
      throw new IOException("it is longer than " + LONGEST + " bytes");
    }
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private String without(String text) throws IOException {
    String begin = bytes(first);
    String end = bytes(last);
    int from = text.startsWith(begin) ? 0 : text.indexOf("\n" + begin) + 1;
    if (from == 0 && !text.startsWith(begin)) {
      return text;
    }
    int to = text.indexOf(end, from);
    if (to < 0) {
      throw new IOException("the line '" + last.strip() + "' is missing in it");
    }
    return text.substring(0, from) + text.substring(to + end.length());
  }

  /** One character a byte, as {@link #read} has it. */
  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** In place of the old one, or of what a symlink leads to, with its mode. */
  private void write(String text) throws IOException {
    Path real = Files.exists(file) ? file.toRealPath() : file;
    Path directory = real.resolveSibling(".").normalize();
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    Set<PosixFilePermission> mode =
        Files.exists(real, LinkOption.NOFOLLOW_LINKS)
            ? Files.getPosixFilePermissions(real)
            : OWNER_ONLY;
    Path beside =
        Files.createTempFile(
            directory, ".banger-", "", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        ByteBuffer left = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (left.hasRemaining()) {
          channel.write(left);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(beside, mode);
      Files.move(beside, real, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(beside);
    }
  }
}
