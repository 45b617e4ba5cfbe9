package dev.banger.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The client's own terminal, by stty. */
final class Terminal {
  /** What a terminal shows. */
  record Size(int rows, int columns) {}

  private static final Duration BACKGROUND_PAUSE = Duration.ofMillis(200);
  private static final Size STANDARD = new Size(24, 80);

  private Terminal() {}

  static boolean stdin() {
    return isTerminal(0);
  }

  static boolean stdout() {
    return isTerminal(1);
  }

  static boolean stderr() {
    return isTerminal(2);
  }

  /** By the name of what is open there: no native call, no child process. */
  private static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  /** A job in the background that touches the terminal would be stopped: it waits for its turn. */
  static void awaitForeground() throws InterruptedException {
    while (stdin() && !foreground()) {
      Thread.sleep(BACKGROUND_PAUSE);
    }
  }

  /** By proc(5): whether the terminal's foreground group (tpgid) is this process's own (pgrp). */
  static boolean foreground() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 7);
      return fields[2].equals(fields[5]);
    } catch (IOException e) {
      return true;
    }
  }

  static Size size() {
    String text = stty("size");
    int space = text == null ? -1 : text.indexOf(' ');
    if (text == null || space < 0) {
      return STANDARD;
    }
    try {
      Size size =
          new Size(
              Integer.parseInt(text.substring(0, space)),
              Integer.parseInt(text.substring(space + 1)));
      return size.rows() == 0 || size.columns() == 0 ? STANDARD : size;
    } catch (NumberFormatException e) {
      return STANDARD;
    }
  }

  /** Hands every key to the program; the returned state goes to {@link #restore}. */
  static @Nullable String raw() {
    String state = stty("-g");
    return state == null || stty("raw", "-echo") == null ? null : state;
  }

  static void restore(String state) {
    stty(state);
  }

  /** What stty said; null when it failed. */
  private static @Nullable String stty(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "stty";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0 ? said : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
