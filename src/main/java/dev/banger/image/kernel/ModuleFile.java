package dev.banger.image.kernel;

import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** A kernel module as the kernel loads it: uncompressed. */
final class ModuleFile {
  private static final Pattern FILE_NAME = Pattern.compile("(.+)\\.ko(\\.xz|\\.zst|\\.gz)?");
  private static final int LIMIT = 64 << 20;
  private static final String DEPENDS = "depends=";
  private static final String VERSION_MAGIC = "vermagic=";

  private final String name;
  private final String release;
  private final List<String> depends;
  private final byte[] content;

  private ModuleFile(String name, String release, List<String> depends, byte[] content) {
    this.name = name;
    this.release = release;
    this.depends = depends;
    this.content = content;
  }

  /** As the kernel says it, with underscores. */
  String name() {
    return name;
  }

  /** Of the kernel that loads it; empty when it does not say. */
  String release() {
    return release;
  }

  /** The modules whose symbols it uses. */
  List<String> depends() {
    return depends;
  }

  void writeTo(Path file) throws IOException {
    Files.write(file, content);
  }

  /** Whether this file is a module. */
  static boolean isModule(Path path) {
    return FILE_NAME.matcher(path.getFileName().toString()).matches();
  }

  /** Files are named with dashes or underscores, at their author's whim. */
  static String nameOf(Path path) {
    return FILE_NAME.matcher(path.getFileName().toString()).replaceFirst("$1").replace('-', '_');
  }

  static ModuleFile read(Path path) throws IOException {
    byte[] content;
    try (InputStream stream = open(path)) {
      content = stream.readNBytes(LIMIT);
    }
    if (content.length == LIMIT) {
      throw new IOException(path + " is larger than " + LIMIT + " bytes");
    }
    try {
      String modinfo =
          new String(section(ByteBuffer.wrap(content), ".modinfo"), StandardCharsets.UTF_8);
      List<String> facts = List.of(modinfo.split("\0", -1));
      List<String> depends =
          facts.stream()
              .filter(entry -> entry.startsWith(DEPENDS))
              .flatMap(entry -> Stream.of(entry.substring(DEPENDS.length()).split(",", -1)))
              .filter(name -> !name.isEmpty())
              .map(name -> name.replace('-', '_'))
              .toList();
      String release =
          facts.stream()
              .filter(entry -> entry.startsWith(VERSION_MAGIC))
              .map(entry -> entry.substring(VERSION_MAGIC.length()).split(" ", 2)[0])
              .findFirst()
              .orElse("");
      return new ModuleFile(nameOf(path), release, depends, content);
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new IOException(path + " is no ELF file", e);
    }
  }

  private static InputStream open(Path path) throws IOException {
    byte[] raw = Files.readAllBytes(path);
    InputStream stream = new ByteArrayInputStream(raw);
    String name = path.toString();
    if (name.endsWith(".xz")) {
      return new XZInputStream(stream, LIMIT / 1024);
    }
    if (name.endsWith(".zst")) {
      return new ZstdInputStream(stream);
    }
    return name.endsWith(".gz") ? new GZIPInputStream(stream) : stream;
  }

  /** The bytes of a section of a 64-bit little-endian ELF file; empty when there is none. */
  private static byte[] section(ByteBuffer elf, String wanted) throws IOException {
    elf.order(ByteOrder.LITTLE_ENDIAN);
    if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2 || elf.get(5) != 1) {
      throw new IOException("no 64-bit little-endian ELF file");
    }
    int table = Math.toIntExact(elf.getLong(0x28));
    int entry = Short.toUnsignedInt(elf.getShort(0x3a));
    int count = Short.toUnsignedInt(elf.getShort(0x3c));
    int names = offset(elf, table + entry * Short.toUnsignedInt(elf.getShort(0x3e)));
    for (int i = 0; i < count; i++) {
      int header = table + i * entry;
      if (wanted.equals(text(elf, names + elf.getInt(header)))) {
        byte[] bytes = new byte[Math.toIntExact(elf.getLong(header + 0x20))];
        elf.get(offset(elf, header), bytes);
        return bytes;
      }
    }
    return new byte[0];
  }

  private static int offset(ByteBuffer elf, int header) {
    try {
      return Math.toIntExact(elf.getLong(header + 0x18));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("a section beyond 2 GiB", e);
    }
  }

  private static String text(ByteBuffer elf, int at) {
    int end = at;
    while (elf.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - at];
    elf.get(at, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
