package dev.banger.image.layer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Writes tar streams as no well-behaved program would. */
final class TarBytes implements Layer {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private String pax = "";

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A pax record for the next entry. */
  TarBytes pax(String key, String value) {
    String rest = " " + key + "=" + value + "\n";
    int length = text(rest).length + 1;
    while (text(length + rest).length != length) {
      length++;
    }
    pax += length + rest;
    return this;
  }

  TarBytes file(String name, String content) {
    return entry('0', text(name), "", text(content));
  }

  TarBytes directory(String name) {
    return entry('5', text(name), "", new byte[0]);
  }

  TarBytes symlink(String name, String target) {
    return entry('2', text(name), target, new byte[0]);
  }

  TarBytes link(String name, String target) {
    return entry('1', text(name), target, new byte[0]);
  }

  TarBytes entry(char type, byte[] name, String target, byte[] content) {
    if (!pax.isEmpty()) {
      byte[] records = text(pax);
      pax = "";
      header('x', text("pax"), "", records.length);
      padded(records);
    }
    if (name.length > 100) {
      header('L', text("././@LongLink"), "", name.length);
      padded(name);
    }
    header(type, Arrays.copyOf(name, Math.min(100, name.length)), target, content.length);
    return padded(content);
  }

  TarBytes header(char type, byte[] name, String target, long size) {
    byte[] header = new byte[512];
    System.arraycopy(name, 0, header, 0, name.length);
    boolean plain = type == '5' || type == '0';
    put(header, 100, String.format(Locale.ROOT, "%07o", plain && type == '5' ? 0755 : 0644));
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, String.format(Locale.ROOT, "%011o", size));
    put(header, 136, String.format(Locale.ROOT, "%011o", 1_600_000_000L));
    header[156] = (byte) type;
    put(header, 157, target);
    put(header, 257, "ustar");
    put(header, 263, "00");
    put(header, 329, "0000001");
    put(header, 337, "0000003");
    put(header, 148, "        ");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, String.format(Locale.ROOT, "%06o\0 ", sum));
    out.writeBytes(header);
    return this;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text(text);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  TarBytes padded(byte[] content) {
    out.writeBytes(content);
    out.writeBytes(new byte[-content.length & 511]);
    return this;
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  @Override
  public String name() {
    return "of the test";
  }

  @Override
  public InputStream open() {
    byte[] whole = Arrays.copyOf(bytes(), out.size() + 1024);
    return new ByteArrayInputStream(whole);
  }
}
