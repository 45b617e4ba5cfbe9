package dev.banger.image.layer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SequencedMap;

/** A layer of a few directories that belong to root. */
public final class DirectoriesLayer implements Layer {
  private static final int RECORD = 512;

  private final byte[] archive;

  /**
   * @param modes by the path, as {@code ./etc/}, of less than 100 bytes; parents first
   * @param seconds when they were made, since 1970
   */
  public DirectoriesLayer(SequencedMap<String, Integer> modes, long seconds) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Map.Entry<String, Integer> directory : modes.entrySet()) {
      out.writeBytes(header(directory.getKey(), directory.getValue(), seconds));
    }
    out.writeBytes(new byte[2 * RECORD]);
    archive = out.toByteArray();
  }

  private static byte[] header(String path, int mode, long seconds) {
    byte[] header = new byte[RECORD];
    put(header, 0, path);
    put(header, 100, "%07o".formatted(mode));
    put(header, 108, "%07o".formatted(0));
    put(header, 116, "%07o".formatted(0));
    put(header, 124, "%011o".formatted(0));
    put(header, 136, "%011o".formatted(Math.max(0, seconds)));
    put(header, 148, "        ");
    put(header, 156, "5");
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    put(header, 148, "%06o\0".formatted(sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  @Override
  public String name() {
    return "directories";
  }

  @Override
  public InputStream open() {
    return new ByteArrayInputStream(archive);
  }
}
