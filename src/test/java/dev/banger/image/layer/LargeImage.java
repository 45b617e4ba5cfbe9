package dev.banger.image.layer;

import dev.banger.ext4.Ext4Options;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Writes a large image in a Java process with a small heap: files of one layer, some of which the
 * layer above replaces or removes. The layers are made while they are read.
 */
final class LargeImage {
  private static final int IN_DIRECTORY = 1000;

  private LargeImage() {}

  /** {@code FILES SIZE DISK}; prints the most memory that the process had, as the kernel counts. */
  public static void main(String[] arguments) throws Exception {
    int files = Integer.parseInt(arguments[0]);
    int size = Integer.parseInt(arguments[1]);
    Path disk = Path.of(arguments[2]);
    RootDisk.write(
        List.of(new Lower(files, size), upper(files / IN_DIRECTORY)),
        disk,
        disk.resolveSibling(""),
        new Ext4Options(new UUID(3, 4), "", 1_700_000_000, 0),
        Set.of(),
        bytes -> {});
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM") || line.startsWith("RssAnon")) {
        System.out.println(line);
      }
    }
  }

  /** Removes the first directory, and replaces a file in each of the others. */
  private static Layer upper(int directories) {
    TarBytes tar = new TarBytes().file(".wh.d0", "");
    for (int i = 1; i < directories; i++) {
      tar.file("d" + i + "/f7", "above").link("d" + i + "/twin", "d" + i + "/f8");
    }
    return tar;
  }

  /** {@code dN/fM}, each with the same number of bytes that differ from file to file. */
  private record Lower(int files, int size) implements Layer {
    @Override
    public String name() {
      return "of many files";
    }

    @Override
    public InputStream open() {
      return new Stream(files, size);
    }
  }

  /** One entry at a time. */
  private static final class Stream extends InputStream {
    private final int files;
    private final byte[] content;
    private byte[] piece = {};
    private int at;
    private int next;
    private boolean ended;

    Stream(int files, int size) {
      this.files = files;
      this.content = new byte[size];
      Arrays.fill(content, (byte) 'x');
    }

    private boolean fill() {
      if (ended) {
        return false;
      }
      at = 0;
      if (next == files) {
        ended = true;
        piece = new byte[1024];
        return true;
      }
      String directory = "d" + next / IN_DIRECTORY;
      TarBytes tar = new TarBytes();
      if (next % IN_DIRECTORY == 0) {
        tar.directory(directory);
      }
      byte[] number = Integer.toString(next).getBytes(StandardCharsets.UTF_8);
      System.arraycopy(number, 0, content, 0, Math.min(number.length, content.length));
      String name = directory + "/f" + next % IN_DIRECTORY;
      piece = tar.entry('0', TarBytes.text(name), "", content).bytes();
      next++;
      return true;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (at == piece.length && !fill()) {
        return -1;
      }
      int count = Math.min(length, piece.length - at);
      System.arraycopy(piece, at, into, offset, count);
      at += count;
      return count;
    }
  }
}
