package dev.banger.vmm.qemu;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.proc.ProcessIdentity;
import dev.banger.vmm.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A running QEMU's command line: there is no other record of how it was started. */
record QemuWords(List<String> words) {
  QemuWords {
    words = List.copyOf(words);
  }

  /** No words when this very process has ended. */
  static QemuWords of(ProcessIdentity qemu) throws BangerException {
    if (!qemu.verify()) {
      return new QemuWords(List.of());
    }
    try {
      Path line = Path.of("/proc", Long.toString(qemu.pid()), "cmdline");
      return new QemuWords(List.of(Files.readString(line, StandardCharsets.UTF_8).split("\0")));
    } catch (IOException e) {
      return new QemuWords(List.of());
    }
  }

  /** Empty when it cannot be told. */
  String accelerator() {
    return after("-accel");
  }

  /** As {@link QemuCommand} writes it: a plain number of processors, memory in {@code M}. */
  Optional<Machine> machine() {
    String cpus = after("-smp");
    String memory = after("-m");
    if (!cpus.matches("[0-9]{1,4}") || !memory.matches("[0-9]{1,9}M")) {
      return Optional.empty();
    }
    return Optional.of(
        new Machine(
            Integer.parseInt(cpus),
            ByteSize.mib(Long.parseLong(memory.substring(0, memory.length() - 1))),
            after("-netdev").startsWith(QemuCommand.OWN_NETWORK + ",")));
  }

  private String after(String option) {
    int at = words.indexOf(option);
    return at >= 0 && at + 1 < words.size() ? words.get(at + 1) : "";
  }
}
