package dev.banger.vmm.qemu;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How QEMU's drives are called. Each has a set of descriptors that is described by the path of the
 * drive's file, so that a daemon which did not start this QEMU finds it.
 */
final class QemuDrives {
  private QemuDrives() {}

  /** The drive's name, by the number of its set. */
  static String device(long set) {
    return "disk" + set;
  }

  /** The value of {@code -add-fd}: a comma in a value is written twice. */
  static String addDescriptor(int descriptor, int set, Path file) {
    String described = file.toString().replace(",", ",,");
    return "fd=" + descriptor + ",set=" + set + ",opaque=" + described;
  }

  /** The set that holds this file, in what {@code query-fdsets} answers. */
  static OptionalLong setOf(Map<String, Object> answer, Path file) {
    if (answer.get("return") instanceof List<?> sets) {
      for (Object set : sets) {
        if (set instanceof Map<?, ?> fields
            && fields.get("fdset-id") instanceof Number id
            && holds(fields.get("fds"), file)) {
          return OptionalLong.of(id.longValue());
        }
      }
    }
    return OptionalLong.empty();
  }

  private static boolean holds(@org.jspecify.annotations.Nullable Object descriptors, Path file) {
    return descriptors instanceof List<?> all
        && all.stream()
            .anyMatch(one ->
                one instanceof Map<?, ?> fields && file.toString().equals(fields.get("opaque")));
  }
}
