package dev.banger.cli;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks what a guest sent, which may be hostile: nothing is written outside the directory, no
 * symlink is written through, and no file gets setuid or setgid. Devices, sockets and pipes are
 * left out, and counted.
 */
final class TarReader {
  private record Stamp(Path directory, int mode, long time) {}

  private final InputStream in;
  private final Path directory;
  private final @Nullable String rootName;
  private final byte[] buffer = new byte[64 << 10];
  private final Set<Path> ours = new HashSet<>();
  private final Deque<Stamp> stamps = new ArrayDeque<>();
  private int skipped;

  /**
   * Reads from a stream, to its end.
   *
   * @param directory must exist
   * @param rootName takes the place of the names' first component; null: names stay
   */
  TarReader(InputStream in, Path directory, @Nullable String rootName) throws IOException {
    this.in = in;
    this.directory = directory.toRealPath();
    this.rootName = rootName;
  }

  /** How many things were left out. */
  int skipped() {
    return skipped;
  }

  void unpack() throws IOException {
    for (TarHeader entry = TarHeader.read(in); entry != null; entry = TarHeader.read(in)) {
      unpack(entry);
    }
    while (!stamps.isEmpty()) {
      Stamp stamp = stamps.pop();
      mark(stamp.directory(), stamp.mode(), stamp.time());
    }
    in.transferTo(OutputStream.nullOutputStream());
  }

  private void unpack(TarHeader entry) throws IOException {
    Path place = place(entry.name());
    switch (entry.type()) {
      case '0' -> file(entry, place);
      case '5' -> {
        if (!place.equals(directory)) {
          makeDirectory(place);
          stamps.push(new Stamp(place, entry.mode() | 0700, entry.time()));
        }
      }
      case '2' -> {
        makeRoom(place);
        Files.createSymbolicLink(place, Path.of(entry.target()));
      }
      case '1' -> hardLink(entry, place);
      default -> skipped++;
    }
    if (entry.type() != '0') {
      in.skipNBytes(entry.size() + (-entry.size() & (TarHeader.BLOCK - 1)));
    }
  }

  private void file(TarHeader entry, Path place) throws IOException {
    makeRoom(place);
    try (OutputStream out =
        Files.newOutputStream(
            place,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS)) {
      for (long left = entry.size(); left > 0; ) {
        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (n < 0) {
          throw new EOFException("the archive ends in the middle of " + entry.name());
        }
        out.write(buffer, 0, n);
        left -= n;
      }
    }
    in.skipNBytes(-entry.size() & (TarHeader.BLOCK - 1));
    mark(place, entry.mode(), entry.time());
  }

  private void hardLink(TarHeader entry, Path place) throws IOException {
    Path target = place(entry.target());
    if (!Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(
          entry.name() + " is a link to " + entry.target() + ", which is no file");
    }
    requireRealParents(target);
    makeRoom(place);
    Files.createLink(place, target);
  }

  /** Where an entry goes; refuses names that lead out. */
  private Path place(String name) throws IOException {
    if (name.indexOf('\0') >= 0 || name.startsWith("/")) {
      throw new IOException("the archive holds the name " + name);
    }
    Path place = directory;
    boolean first = true;
    for (Path component : Path.of(name)) {
      String part = component.toString();
      if (part.equals("..")) {
        throw new IOException("the archive holds the name " + name);
      }
      if (first && rootName != null) {
        place = directory.resolve(rootName);
      } else if (!part.isEmpty() && !part.equals(".")) {
        place = place.resolve(part);
      }
      first = false;
    }
    return place;
  }

  /** Each parent is a directory, not a symlink to one; missing ones are made. */
  private void requireRealParents(Path place) throws IOException {
    Path parent = place.getParent();
    if (parent != null && parent.startsWith(directory) && !parent.equals(directory)) {
      makeDirectory(parent);
    }
  }

  private void makeDirectory(Path place) throws IOException {
    if (ours.contains(place)) {
      return;
    }
    requireRealParents(place);
    if (!Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isSymbolicLink(place)) {
        throw new IOException("the archive writes through the symlink " + place);
      }
      Files.createDirectory(place);
    }
    ours.add(place);
  }

  /** A file or link in the way is replaced, a directory is not. */
  private void makeRoom(Path place) throws IOException {
    if (place.equals(directory)) {
      throw new IOException("the archive holds a file with the name of its directory");
    }
    requireRealParents(place);
    ours.remove(place);
    try {
      if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(place + " is a directory, and the archive has a file there");
      }
      Files.delete(place);
    } catch (NoSuchFileException _) {
      // Nothing is in the way.
    }
  }

  private static void mark(Path place, int mode, long time) throws IOException {
    StringBuilder rights = new StringBuilder("rwxrwxrwx");
    for (int bit = 0; bit < 9; bit++) {
      if ((mode >> (8 - bit) & 1) == 0) {
        rights.setCharAt(bit, '-');
      }
    }
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(rights.toString());
    Files.setPosixFilePermissions(place, permissions);
    Files.setLastModifiedTime(place, FileTime.fromMillis(time * 1000));
  }
}
