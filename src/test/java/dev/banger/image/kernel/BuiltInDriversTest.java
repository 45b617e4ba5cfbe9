package dev.banger.image.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class BuiltInDriversTest {
  private static final List<String> ALL = InitramfsFlavour.QEMU_MICROVM.required();

  private static byte[] kernel(String text) {
    return ("\177ELF " + text).getBytes(US_ASCII);
  }

  private static byte[] configured(String options) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(kernel("virtio_blk\0virtio_console\0overlay\0 IKCFG_ST"));
    try (GZIPOutputStream packed = new GZIPOutputStream(bytes)) {
      packed.write(options.getBytes(US_ASCII));
    }
    bytes.write("IKCFG_ED".getBytes(US_ASCII));
    return bytes.toByteArray();
  }

  @Test
  void aNameThatStandsNowhereIsOfAMissingDriver() throws Exception {
    byte[] kernel = kernel("virtio-mmio\0virtio_blk\0to virtio_net is\0fuse-overlay\0ext4\0");
    assertThat(BuiltInDrivers.missing(kernel, ALL)).containsExactly("virtio_net", "virtio_console");
    assertThat(BuiltInDrivers.missing(kernel("nothing"), ALL)).isEqualTo(ALL);
  }

  @Test
  void theKernelsOwnConfigurationDecidesWhereItIsThere() throws Exception {
    String options =
        """
        CONFIG_VIRTIO_MMIO=y
        CONFIG_VIRTIO_BLK=y
        CONFIG_VIRTIO_NET=y
        CONFIG_VIRTIO_CONSOLE=m
        # CONFIG_OVERLAY_FS is not set
        CONFIG_EXT4_FS=y
        """;
    assertThat(BuiltInDrivers.missing(configured(options), ALL))
        .containsExactly("virtio_console", "overlay");
  }
}
