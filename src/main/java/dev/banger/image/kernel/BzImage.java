package dev.banger.image.kernel;

import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.tukaani.xz.SingleXZInputStream;

/**
 * An x86 bzImage, by the kernel's boot protocol: a header that says where the compressed ELF
 * vmlinux lies.
 */
final class BzImage {
  private static final int SETUP_SECTORS = 0x1f1;
  private static final int MAGIC = 0x202;
  private static final int VERSION = 0x206;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int HEADER_END = 0x250;
  private static final int SECTOR = 512;
  private static final int FIRST_WITH_PAYLOAD = 0x0208;

  private static final int LZ4_LEGACY = 0x184c2102;
  private static final int LZ4_BLOCK = 8 << 20;
  private static final int ZSTD = 0xfd2fb528;
  private static final int XZ = 0x587a37fd;
  private static final int GZIP = 0x8b1f;
  private static final int ELF = 0x464c457f;
  private static final int LONGEST_RELEASE = 64;

  /** No vmlinux is larger; a broken one must not fill the memory. */
  private static final int LIMIT = 256 << 20;

  private BzImage() {}

  /** The ELF vmlinux inside; the message of a failure says what is wrong with the file. */
  static byte[] vmlinux(byte[] image) throws IOException {
    byte[] payload = payload(image);
    byte[] elf = decompress(payload);
    if (elf.length < 4 || little(elf).getInt(0) != ELF) {
      throw new IOException("the payload is no ELF file");
    }
    return elf;
  }

  /** The kernel's own release, as the ELF vmlinux tells it for {@code /proc/version}. */
  static String release(byte[] vmlinux) throws IOException {
    byte[] banner = "Linux version ".getBytes(StandardCharsets.US_ASCII);
    for (int at = 0; at < vmlinux.length - banner.length; at++) {
      if (vmlinux[at] == banner[0]
          && Arrays.equals(vmlinux, at, at + banner.length, banner, 0, banner.length)) {
        int begin = at + banner.length;
        int end = begin;
        while (end < vmlinux.length && end - begin < LONGEST_RELEASE && vmlinux[end] > ' ') {
          end++;
        }
        String release = new String(vmlinux, begin, end - begin, StandardCharsets.US_ASCII);
        if (Character.isDigit(release.isEmpty() ? 'x' : release.charAt(0))) {
          return release;
        }
      }
    }
    throw new IOException("it does not say which release of Linux it is");
  }

  /** Whether these are the bytes of an ELF file. */
  static boolean isElf(byte[] bytes) {
    return bytes.length >= 4 && little(bytes).getInt(0) == ELF;
  }

  private static byte[] payload(byte[] image) throws IOException {
    ByteBuffer header = little(image);
    if (image.length < HEADER_END || header.getInt(MAGIC) != 0x53726448) {
      throw new IOException("no bzImage: the header HdrS is missing");
    }
    int version = Short.toUnsignedInt(header.getShort(VERSION));
    if (version < FIRST_WITH_PAYLOAD) {
      throw new IOException("boot protocol %x is too old".formatted(version));
    }
    int sectors = Byte.toUnsignedInt(image[SETUP_SECTORS]);
    long start =
        (sectors == 0 ? 5L : sectors + 1L) * SECTOR
            + Integer.toUnsignedLong(header.getInt(PAYLOAD_OFFSET));
    long length = Integer.toUnsignedLong(header.getInt(PAYLOAD_LENGTH));
    if (length < 8 || start + length > image.length) {
      throw new IOException(
          "the payload (%d bytes at %d) is outside of the file".formatted(length, start));
    }
    return Arrays.copyOfRange(image, (int) start, (int) (start + length));
  }

  private static byte[] decompress(byte[] payload) throws IOException {
    int magic = little(payload).getInt(0);
    if (magic == LZ4_LEGACY) {
      return lz4(payload);
    }
    try (InputStream stream = stream(magic, payload)) {
      return readAll(stream);
    }
  }

  private static InputStream stream(int magic, byte[] payload) throws IOException {
    InputStream raw = new ByteArrayInputStream(payload);
    if (magic == ZSTD) {
      return new ZstdInputStream(new ByteArrayInputStream(payload, 0, payload.length - 4))
          .setLongMax(27);
    }
    if (magic == XZ) {
      return new SingleXZInputStream(raw, LIMIT / 1024);
    }
    if ((magic & 0xffff) == GZIP) {
      return new GZIPInputStream(raw);
    }
    if (magic == ELF) {
      return raw;
    }
    throw new IOException("unknown compression, magic %08x".formatted(magic));
  }

  private static byte[] readAll(InputStream stream) throws IOException {
    byte[] all = stream.readNBytes(LIMIT);
    if (all.length == LIMIT) {
      throw new IOException("the payload is larger than " + LIMIT + " bytes");
    }
    return all;
  }

  /**
   * The legacy frame: a magic, then blocks of at most 8 MiB, each after its compressed size, to the
   * end. The kernel's build appends the size of the whole, as it does for every format but gzip.
   */
  private static byte[] lz4(byte[] payload) throws IOException {
    ByteBuffer in = little(payload);
    int size = in.getInt(payload.length - 4);
    if (size <= 0 || size > LIMIT) {
      throw new IOException("the payload says that it holds " + size + " bytes");
    }
    LZ4SafeDecompressor decompressor = LZ4Factory.safeInstance().safeDecompressor();
    byte[] out = new byte[size];
    int done = 0;
    int at = 4;
    while (done < size) {
      int length = at + 4 <= payload.length ? in.getInt(at) : 0;
      if (length <= 0 || length > payload.length - at - 4) {
        throw new IOException("an lz4 block of " + length + " bytes at " + at);
      }
      try {
        int room = Math.min(LZ4_BLOCK, size - done);
        done += decompressor.decompress(payload, at + 4, length, out, done, room);
      } catch (LZ4Exception e) {
        throw new IOException("a damaged lz4 block at " + at, e);
      }
      at += 4 + length;
    }
    return out;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
