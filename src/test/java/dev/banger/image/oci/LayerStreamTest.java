package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.banger.image.layer.LayerException;
import dev.banger.model.ByteSize;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LayerStreamTest {
  private static final LayerLimits LIMITS = new LayerLimits(ByteSize.mib(4), ByteSize.mib(1), 50);

  private final byte[] plain = new byte[300_000];
  private final AtomicInteger wrong = new AtomicInteger();

  LayerStreamTest() {
    new Random(7).nextBytes(plain);
  }

  private OciLayer layer(byte[] stored, byte[] content, boolean verified) {
    return new OciLayer(
        Descriptor.of("x", Digest.of(Digest.Algorithm.SHA256, stored), stored.length),
        Digest.of(Digest.Algorithm.SHA256, content),
        verified,
        () -> new ByteArrayInputStream(stored),
        LIMITS,
        wrong::incrementAndGet);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static byte[] skippable() {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x184d2a50)
        .putInt(4)
        .putInt(99)
        .array();
  }

  @Test
  void everyCompressionIsFoundByTheContent() throws Exception {
    byte[] half = Arrays.copyOf(plain, 150_000);
    byte[] rest = Arrays.copyOfRange(plain, 150_000, plain.length);
    for (byte[] stored :
        new byte[][] {
          plain,
          TestImage.gzip(plain),
          joined(TestImage.gzip(half), TestImage.gzip(rest)),
          Zstd.compress(plain),
          joined(Zstd.compress(half), skippable(), Zstd.compress(rest), skippable()),
          joined(skippable(), Zstd.compress(plain)),
        }) {
      assertThat(OciTesting.content(layer(stored, plain, false))).isEqualTo(plain);
    }
  }

  @Test
  void anEmptyLayerIsFine() throws Exception {
    assertThat(OciTesting.content(layer(new byte[0], new byte[0], false))).isEmpty();
  }

  @Test
  void aWrongLayerIsNeverReadToItsEnd() throws Exception {
    byte[] other = plain.clone();
    other[299_999] ^= 1;
    OciLayer layer = layer(TestImage.gzip(plain), other, true);
    try (InputStream stream = layer.open()) {
      assertThat(stream.readNBytes(plain.length)).hasSameSizeAs(plain);
      assertThatThrownBy(stream::read)
          .isInstanceOf(LayerException.class)
          .hasMessageContaining("the image's config says");
    }
    assertThat(wrong).hasValue(1);
  }

  @Test
  void whatStandsBehindTheContentCountsForTheDigest() throws Exception {
    byte[] stored = TestImage.gzip(plain);
    OciLayer layer =
        new OciLayer(
            Descriptor.of("x", Digest.of(Digest.Algorithm.SHA256, stored), stored.length),
            Digest.of(Digest.Algorithm.SHA256, plain),
            false,
            () -> new ByteArrayInputStream(joined(stored, new byte[] {1, 2, 3})),
            LIMITS,
            wrong::incrementAndGet);
    assertThatThrownBy(() -> OciTesting.content(layer)).isInstanceOf(LayerException.class);
  }

  @Test
  void aCutOffLayerSaysSo() throws Exception {
    for (byte[] stored : new byte[][] {TestImage.gzip(plain), Zstd.compress(plain)}) {
      byte[] cut = Arrays.copyOf(stored, stored.length / 2);
      assertThatThrownBy(() -> OciTesting.content(layer(cut, plain, true)))
          .isInstanceOf(LayerException.class);
    }
    assertThat(wrong).hasValue(2);
  }

  @Test
  void aBombIsStopped() throws Exception {
    byte[] zeros = new byte[3 << 20];
    for (byte[] stored : new byte[][] {TestImage.gzip(zeros), Zstd.compress(zeros)}) {
      assertThatThrownBy(() -> OciTesting.content(layer(stored, zeros, true)))
          .isInstanceOf(LayerException.class)
          .hasMessageContaining("a bomb");
    }
    byte[] large = new byte[5 << 20];
    new Random(1).nextBytes(large);
    assertThatThrownBy(() -> OciTesting.content(layer(large, large, true)))
        .hasMessageContaining("more than 4M");
  }

  @Test
  void zerosThatAreNoBombPass() throws Exception {
    byte[] zeros = new byte[1 << 20];
    assertThat(OciTesting.content(layer(Zstd.compress(zeros), zeros, true))).isEqualTo(zeros);
  }

  @Test
  void otherCompressionsAreRefusedClearly() {
    byte[] xz = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0, 0};
    assertThatThrownBy(() -> OciTesting.content(layer(xz, plain, true)))
        .isInstanceOf(LayerException.class)
        .hasMessageContaining("xz");
  }

  @Test
  void garbageIsEitherReadAsPlainOrRefused() throws Exception {
    long seed = Long.getLong("banger.test.seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] gzip = Arrays.copyOf(TestImage.gzip(plain), 2000);
    byte[] zstd = Arrays.copyOf(Zstd.compress(plain), 2000);
    for (int i = 0; i < 2000; i++) {
      byte[] stored = (i % 2 == 0 ? gzip : zstd).clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        stored[random.nextInt(j == 0 ? 20 : stored.length)] = (byte) random.nextInt();
      }
      assertThatThrownBy(() -> OciTesting.content(layer(stored, plain, true)))
          .as("seed %d", seed)
          .isInstanceOf(LayerException.class);
    }
  }
}
