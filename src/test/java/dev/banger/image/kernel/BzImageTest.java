package dev.banger.image.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class BzImageTest {
  private static final int SETUP_SECTORS = 3;
  private static final int PAYLOAD_OFFSET = 700;

  /** As the kernel's build compresses. */
  enum Compression {
    LZ4,
    GZIP,
    XZ,
    ZSTD,
    NONE;

    byte[] compress(byte[] elf) throws IOException {
      return switch (this) {
        case LZ4 -> lz4(elf);
        case GZIP -> gzip(elf);
        case XZ -> withSize(xz(elf), elf.length);
        case ZSTD -> withSize(Zstd.compress(elf, 19), elf.length);
        case NONE -> elf;
      };
    }
  }

  /** An ELF's first bytes, then something that compresses well but not to nothing. */
  private static byte[] elf(int length) {
    byte[] bytes = new byte[length];
    Random random = new Random(7);
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i % 97 < 60 ? i % 97 : random.nextInt());
    }
    System.arraycopy(new byte[] {0x7f, 'E', 'L', 'F'}, 0, bytes, 0, 4);
    return bytes;
  }

  private static byte[] withSize(byte[] compressed, int size) {
    return ByteBuffer.allocate(compressed.length + 4)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(compressed)
        .putInt(size)
        .array();
  }

  private static byte[] gzip(byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(data);
    }
    return bytes.toByteArray();
  }

  private static byte[] xz(byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new XZOutputStream(bytes, new LZMA2Options(1))) {
      out.write(data);
    }
    return bytes.toByteArray();
  }

  private static byte[] lz4(byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(new byte[] {0x02, 0x21, 0x4c, 0x18});
    for (int at = 0; at < data.length; at += 8 << 20) {
      byte[] block =
          LZ4Factory.safeInstance()
              .fastCompressor()
              .compress(Arrays.copyOfRange(data, at, Math.min(data.length, at + (8 << 20))));
      bytes.write(
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(block.length).array());
      bytes.write(block);
    }
    return withSize(bytes.toByteArray(), data.length);
  }

  private static byte[] image(byte[] payload) {
    int start = (SETUP_SECTORS + 1) * 512 + PAYLOAD_OFFSET;
    ByteBuffer image = ByteBuffer.allocate(start + payload.length + 300);
    image.order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) SETUP_SECTORS);
    image.putInt(0x202, 0x53726448);
    image.putShort(0x206, (short) 0x020f);
    image.putInt(0x248, PAYLOAD_OFFSET);
    image.putInt(0x24c, payload.length);
    image.put(start, payload);
    return image.array();
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void findsTheElfInEveryCompression(Compression compression) throws Exception {
    byte[] elf = elf(100_000);
    assertThat(BzImage.vmlinux(image(compression.compress(elf)))).isEqualTo(elf);
  }

  @Test
  void readsAnLz4FrameOfSeveralBlocks() throws Exception {
    byte[] elf = elf((16 << 20) + 12345);
    assertThat(BzImage.vmlinux(image(lz4(elf)))).isEqualTo(elf);
  }

  @ParameterizedTest
  @EnumSource(
      value = Compression.class,
      names = {"LZ4", "GZIP", "XZ", "ZSTD"})
  void damageIsAnErrorAndNothingElse(Compression compression) throws Exception {
    byte[] good = image(compression.compress(elf(50_000)));
    Random random = new Random(11);
    for (int round = 0; round < 300; round++) {
      byte[] bad = good.clone();
      for (int i = 0; i < 8; i++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      byte[] cut = Arrays.copyOf(bad, random.nextInt(bad.length));
      for (byte[] image : new byte[][] {bad, cut}) {
        try {
          BzImage.vmlinux(image);
        } catch (IOException e) {
          assertThat(e.getMessage()).isNotBlank();
        }
      }
    }
  }

  @Test
  void otherFilesAreRefusedWithAReason() {
    assertThatThrownBy(() -> BzImage.vmlinux(new byte[5000])).hasMessageContaining("HdrS");
    assertThatThrownBy(() -> BzImage.vmlinux(new byte[0])).hasMessageContaining("HdrS");
    assertThatThrownBy(() ->
            BzImage.vmlinux(
                image("no kernel at all".getBytes(java.nio.charset.StandardCharsets.UTF_8))))
        .hasMessageContaining("unknown compression");
    assertThatThrownBy(() -> BzImage.vmlinux(image(gzip(new byte[1000]))))
        .hasMessageContaining("no ELF");
    byte[] outside = image(new byte[100]);
    ByteBuffer.wrap(outside).order(ByteOrder.LITTLE_ENDIAN).putInt(0x24c, -1);
    assertThatThrownBy(() -> BzImage.vmlinux(outside)).hasMessageContaining("outside");
  }
}
