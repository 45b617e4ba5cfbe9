package dev.banger.vmm.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The rate of the host's time stamp counter, which a guest under TCG sees too. A microvm guest that
 * is not told hangs in one boot of five: it has no timer to measure it by.
 */
final class TimeStampCounter {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** bogomips are twice the rate in MHz where the counter is constant. */
  private static final double KHZ_A_BOGOMIPS = 500;

  private TimeStampCounter() {}

  /** Empty where the counter's rate changes, or is not x86's. */
  static OptionalLong kilohertz() {
    try {
      return kilohertz(Files.readAllLines(CPU_INFO));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  static OptionalLong kilohertz(List<String> cpuInfo) {
    boolean constant =
        cpuInfo.stream()
            .filter(line -> line.startsWith("flags"))
            .anyMatch(line -> List.of(line.split("\\s+")).contains("constant_tsc"));
    return constant
        ? cpuInfo.stream()
            .filter(line -> line.startsWith("bogomips"))
            .mapToLong(TimeStampCounter::rate)
            .filter(rate -> rate > 0)
            .findFirst()
        : OptionalLong.empty();
  }

  private static long rate(String line) {
    try {
      return Math.round(
          Double.parseDouble(line.substring(line.indexOf(':') + 1).strip()) * KHZ_A_BOGOMIPS);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
