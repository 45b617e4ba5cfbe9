package dev.banger.vmm.firecracker;

import dev.banger.vmm.VmmFiles;
import java.nio.file.Path;

/** What a Firecracker has in its VM's run directory, beside what every VMM has there. */
final class FirecrackerFiles {
  private FirecrackerFiles() {}

  /** A pipe: one JSON object a line. */
  static Path metrics(VmmFiles files) {
    return files.runDirectory().resolve("metrics");
  }

  /** A pipe: what it logs; the shim reads it, see {@link VmmFiles#errors}. */
  static Path log(VmmFiles files) {
    return files.runDirectory().resolve("log");
  }

  /** How it was started, for the daemons after this one. */
  static Path record(VmmFiles files) {
    return files.runDirectory().resolve("firecracker");
  }

  /** Holds the jail, where there is one. */
  static Path jails(VmmFiles files) {
    return files.logDirectory().resolve("jail");
  }
}
