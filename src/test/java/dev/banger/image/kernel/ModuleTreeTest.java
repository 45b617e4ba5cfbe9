package dev.banger.image.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class ModuleTreeTest {
  @TempDir Path directory;

  /** The least ELF file with a .modinfo section. */
  static byte[] module(String modinfo) {
    byte[] info = modinfo.replace('|', '\0').getBytes(StandardCharsets.UTF_8);
    byte[] names = "\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.UTF_8);
    int table = 64 + info.length + names.length;
    ByteBuffer elf = ByteBuffer.allocate(table + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    elf.putLong(0x28, table).putShort(0x3a, (short) 64).putShort(0x3c, (short) 3);
    elf.putShort(0x3e, (short) 2);
    elf.put(64, info).put(64 + info.length, names);
    section(elf, table + 64, 1, 64, info.length);
    section(elf, table + 128, 10, 64 + info.length, names.length);
    return elf.array();
  }

  private static void section(ByteBuffer elf, int at, int name, long offset, long size) {
    elf.putInt(at, name).putLong(at + 0x18, offset).putLong(at + 0x20, size);
  }

  private void add(String path, String depends) throws IOException {
    Path file = directory.resolve("kernel").resolve(path);
    Files.createDirectories(file.getParent());
    byte[] elf = module("license=GPL|depends=" + depends + "|retpoline=Y|");
    if (path.endsWith(".xz")) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (OutputStream out = new XZOutputStream(bytes, new LZMA2Options(1))) {
        out.write(elf);
      }
      elf = bytes.toByteArray();
    }
    Files.write(file, path.endsWith(".zst") ? Zstd.compress(elf) : elf);
  }

  private List<String> order(List<String> required, List<String> optional) throws IOException {
    return ModuleTree.read(directory).inLoadOrder(required, optional).stream()
        .map(ModuleFile::name)
        .toList();
  }

  @BeforeEach
  void aSmallKernel() throws IOException {
    add("virtio/virtio.ko", "virtio_ring");
    add("virtio/virtio_ring.ko.xz", "");
    add("net/virtio_net.ko.zst", "virtio_ring,virtio,net_failover");
    add("net/net-failover.ko", "failover");
    add("net/failover.ko", "");
    Files.writeString(
        directory.resolve("modules.builtin"), "kernel/fs/ext4/ext4.ko\nkernel/x/rng-core.ko\n");
  }

  @Test
  void eachModuleComesAfterWhatItNeedsAndOnlyOnce() throws Exception {
    assertThat(order(List.of("virtio_net", "virtio"), List.of()))
        .containsExactly("virtio_ring", "virtio", "failover", "net_failover", "virtio_net");
  }

  @Test
  void builtInModulesAndMissingOptionalOnesAreLeftOut() throws Exception {
    assertThat(order(List.of("ext4", "rng_core", "failover"), List.of("no_such")))
        .containsExactly("failover");
  }

  @Test
  void missingRequiredModuleIsNamed() {
    assertThatThrownBy(() -> order(List.of("vsock"), List.of())).hasMessageContaining("vsock");
  }

  @Test
  void modulesThatNeedEachOtherAreAnError() throws Exception {
    add("a.ko", "b");
    add("b.ko", "a");
    assertThatThrownBy(() -> order(List.of("a"), List.of())).hasMessageContaining("each other");
  }

  @Test
  void damagedModuleIsAnErrorWithItsName() throws Exception {
    byte[] elf = module("depends=virtio|");
    for (int length = 0; length < elf.length - 64; length++) {
      Files.write(directory.resolve("broken.ko"), java.util.Arrays.copyOf(elf, length));
      assertThatThrownBy(() -> order(List.of("broken"), List.of()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("broken.ko");
    }
  }
}
