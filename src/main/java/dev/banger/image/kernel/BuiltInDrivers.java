package dev.banger.image.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * Which drivers a vmlinux has within itself. By its own configuration, where it carries that
 * (CONFIG_IKCONFIG); else by the name under which each driver registers: where it does not stand,
 * the driver is missing. That it stands proves nothing; then the guest's agent tells at boot.
 */
final class BuiltInDrivers {
  private static final byte[] CONFIG_BEGIN = "IKCFG_ST".getBytes(US_ASCII);
  private static final byte[] CONFIG_END = "IKCFG_ED".getBytes(US_ASCII);
  private static final int LARGEST_CONFIG = 4 << 20;

  /** How a module is called elsewhere: in the configuration, and by itself. */
  private record Driver(String option, String registersAs) {}

  private static final Map<String, Driver> DRIVERS =
      Map.of(
          "virtio_mmio", new Driver("CONFIG_VIRTIO_MMIO", "virtio-mmio"),
          "virtio_blk", new Driver("CONFIG_VIRTIO_BLK", "virtio_blk"),
          "virtio_net", new Driver("CONFIG_VIRTIO_NET", "virtio_net"),
          "virtio_console", new Driver("CONFIG_VIRTIO_CONSOLE", "virtio_console"),
          "overlay", new Driver("CONFIG_OVERLAY_FS", "overlay"),
          "ext4", new Driver("CONFIG_EXT4_FS", "ext4"));

  private BuiltInDrivers() {}

  /** Those of these modules that are certainly not built in; others than of QEMU are unknown. */
  static List<String> missing(byte[] vmlinux, List<String> modules) throws IOException {
    Optional<Set<String>> options = options(vmlinux);
    return modules.stream()
        .filter(module -> {
          Driver driver = DRIVERS.get(module);
          return driver != null && !has(vmlinux, options, driver);
        })
        .toList();
  }

  private static boolean has(byte[] vmlinux, Optional<Set<String>> options, Driver driver) {
    // A linker that shares the ends of strings keeps the end of this one.
    return options
        .map(all -> all.contains(driver.option()))
        .orElseGet(() -> find(vmlinux, (driver.registersAs() + "\0").getBytes(US_ASCII), 0) >= 0);
  }

  /** Those that are {@code =y}; empty: the kernel does not carry its configuration. */
  private static Optional<Set<String>> options(byte[] vmlinux) throws IOException {
    int begin = find(vmlinux, CONFIG_BEGIN, 0) + CONFIG_BEGIN.length;
    int end = begin < CONFIG_BEGIN.length ? -1 : find(vmlinux, CONFIG_END, begin);
    if (end < 0) {
      return Optional.empty();
    }
    try (GZIPInputStream text =
        new GZIPInputStream(new ByteArrayInputStream(vmlinux, begin, end - begin))) {
      return Optional.of(
          new String(text.readNBytes(LARGEST_CONFIG), US_ASCII)
              .lines()
              .filter(line -> line.endsWith("=y"))
              .map(line -> line.substring(0, line.length() - 2))
              .collect(Collectors.toSet()));
    }
  }

  private static int find(byte[] text, byte[] wanted, int from) {
    for (int at = from; at <= text.length - wanted.length; at++) {
      if (text[at] == wanted[0]
          && Arrays.equals(text, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    return -1;
  }
}
