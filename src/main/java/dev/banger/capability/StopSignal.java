package dev.banger.capability;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Signals by name, as docker takes them: {@code SIGTERM}, {@code TERM}, {@code 15}, RTMIN+3. */
final class StopSignal {
  static final int TERM = 15;

  /** Linux on x86-64 and aarch64; a signal's number is its place. */
  private static final List<String> NAMES =
      List.of(
          "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
          "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
          "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private static final Pattern REAL_TIME = Pattern.compile("RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?");

  /** As glibc counts them: its own two come before the first. */
  private static final int FIRST_REAL_TIME = 34;

  private static final int LAST = 64;

  private StopSignal() {}

  /** Empty when there is no such signal. */
  static OptionalInt number(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT);
    if (name.matches("[0-9]{1,2}")) {
      int number = Integer.parseInt(name);
      return number >= 1 && number <= LAST ? OptionalInt.of(number) : OptionalInt.empty();
    }
    String plain = name.startsWith("SIG") ? name.substring("SIG".length()) : name;
    int known = NAMES.indexOf(plain);
    return known > 0 ? OptionalInt.of(known) : realTime(plain);
  }

  private static OptionalInt realTime(String name) {
    Matcher matcher = REAL_TIME.matcher(name);
    if (!matcher.matches()) {
      return OptionalInt.empty();
    }
    int distance = matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3));
    int base = matcher.group(1).equals("MIN") ? FIRST_REAL_TIME : LAST;
    int number = "-".equals(matcher.group(2)) ? base - distance : base + distance;
    return number >= FIRST_REAL_TIME && number <= LAST
        ? OptionalInt.of(number)
        : OptionalInt.empty();
  }
}
