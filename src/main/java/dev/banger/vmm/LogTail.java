package dev.banger.vmm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The end of a log that the shim keeps: {@code FILE.1} is its older part. */
final class LogTail {
  private static final int BYTES = 64 << 10;

  private LogTail() {}

  /** The last lines without control characters, oldest first; what cannot be read is not there. */
  static List<String> lines(Path file, int count) {
    String text = end(file);
    if (text.length() < BYTES) {
      text = end(file.resolveSibling(file.getFileName() + ".1")) + text;
    }
    List<String> lines = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      String clean =
          line.replaceAll("\\p{Cntrl}\\[[0-9;?]*[A-Za-z]|\\p{Cntrl}", "").stripTrailing();
      if (!clean.isEmpty()) {
        lines.add(clean);
      }
    }
    return List.copyOf(lines.subList(Math.max(0, lines.size() - count), lines.size()));
  }

  private static String end(Path file) {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      channel.position(Math.max(0, channel.size() - BYTES));
      ByteBuffer bytes = ByteBuffer.allocate(BYTES);
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
