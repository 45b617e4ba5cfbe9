package dev.banger.guest.ssh;

import java.util.List;

/** Signals by the names of RFC 4254, section 6.10, and by Linux' numbers. */
final class SignalNames {
  /**
   * At the index of its number; those that RFC 4254 does not know have a name of OpenSSH's kind.
   */
  private static final List<String> NAMES =
      List.of(
          "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
          "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
          "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private SignalNames() {}

  /** 0 when there is none of this name. */
  static int number(String name) {
    return Math.max(0, NAMES.indexOf(name));
  }

  static String name(int number) {
    return number > 0 && number < NAMES.size() ? NAMES.get(number) : "SIG" + number;
  }
}
