package dev.banger.vmm.firecracker;

/** What Firecracker's exit statuses mean. */
final class ExitCodes {
  private ExitCodes() {}

  /** For people. */
  static String of(int status) {
    String meaning =
        switch (status) {
          case 1 -> "an error that it names itself";
          case 2 -> "an error that it did not expect";
          case 12 -> "the host has no memory left";
          case 148 ->
              "it made a system call that its seccomp filter forbids: it, or who took it over, was"
                  + " stopped";
          case 149 -> "SIGBUS: memory that was promised is not there (huge pages, or a full tmpfs)";
          case 150 -> "SIGSEGV: a fault in Firecracker";
          case 151 -> "SIGXFSZ: a file grew beyond the limit on file sizes";
          case 152 -> "its configuration is wrong";
          case 153 -> "its command line is wrong";
          case 154 -> "SIGXCPU: the limit on processor time is reached";
          case 156 -> "SIGHUP: its terminal hung up";
          case 157 -> "SIGILL: a fault in Firecracker, or a processor that it does not know";
          default -> "";
        };
    return "with status " + status + (meaning.isEmpty() ? "" : ", " + meaning);
  }
}
