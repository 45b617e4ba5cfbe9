package dev.banger.capability;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.banger.config.Config;
import dev.banger.guest.GuestConfiguration.SyncedFile;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of this host that guests get, read anew each time. What is in them is never logged. */
final class SyncedFiles {
  private static final Logger LOG = LoggerFactory.getLogger(SyncedFiles.class);
  private static final int LONGEST = 256 << 10;
  private static final int LONGEST_IN_ALL = 2 << 20;
  private static final int READABLE = 0644;

  private SyncedFiles() {}

  /** Of each that is there. One that others may read is refused: it is no secret any more. */
  static List<SyncedFile> read(List<Config.Synced> wanted) throws BangerException {
    List<SyncedFile> files = new ArrayList<>();
    long all = 0;
    for (Config.Synced one : wanted) {
      Optional<byte[]> content = read(one.from());
      if (content.isPresent()) {
        all += content.get().length;
        files.add(new SyncedFile(one.to(), one.mode(), false, ByteBuffer.wrap(content.get())));
      }
    }
    if (all > LONGEST_IN_ALL) {
      throw refused("the files of [[sync]]", "they are more than 2 MiB together", "name fewer");
    }
    return files;
  }

  private static Optional<byte[]> read(Path from) throws BangerException {
    try {
      PosixFileAttributes found = Files.readAttributes(from, PosixFileAttributes.class);
      if (!found.isRegularFile()) {
        throw refused(from, "it is no file", "name files, each by itself");
      }
      if (found.permissions().contains(PosixFilePermission.OTHERS_READ)) {
        throw refused(from, "everybody on this host may read it", "chmod o= " + from);
      }
      if (found.size() > LONGEST) {
        throw refused(from, "it is larger than 256 KiB", "copy it in by `banger vm cp`");
      }
      return Optional.of(Files.readAllBytes(from));
    } catch (NoSuchFileException e) {
      LOG.info("sync: {} is not there, so guests do not have it", from);
      return Optional.empty();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot read " + from + " for guests", "check its permissions", e);
    }
  }

  private static BangerException refused(Object what, String why, String hint) {
    return new BangerException(
        ErrorCode.INVALID,
        "cannot sync " + what + " to guests: " + why,
        hint + ", or take it out of [[sync]] in config.toml");
  }

  /** Who commits; left alone where the guest's user has a file of that name. */
  static Optional<SyncedFile> git(Config.Git git) {
    if (git.isEmpty()) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder("[user]\n");
    add(text, "name", git.name());
    add(text, "email", git.email());
    if (!git.signingKey().isEmpty()) {
      add(text, "signingkey", "key::" + git.signingKey());
      text.append("[gpg]\n\tformat = ssh\n[commit]\n\tgpgsign = true\n");
    }
    ByteBuffer content = ByteBuffer.wrap(text.toString().getBytes(UTF_8));
    return Optional.of(new SyncedFile(".gitconfig", READABLE, true, content));
  }

  private static void add(StringBuilder text, String key, String value) {
    if (!value.isEmpty()) {
      String quoted = value.replace("\\", "\\\\").replace("\"", "\\\"");
      text.append('\t').append(key).append(" = \"").append(quoted).append("\"\n");
    }
  }
}
