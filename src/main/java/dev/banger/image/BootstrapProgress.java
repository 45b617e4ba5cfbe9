package dev.banger.image;

import dev.banger.model.Progress;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads mmdebstrap's verbose output: its own steps, and what apt downloads in them. */
final class BootstrapProgress implements Consumer<String> {
  private static final Map<String, String> STAGES =
      Map.of(
          "I: running apt-get update", "read package lists",
          "I: downloading packages", "download essential packages",
          "I: extracting archives", "unpack essential packages",
          "I: installing essential packages", "install essential packages",
          "I: installing remaining packages", "install packages",
          "I: running --customize-hook", "configure");
  private static final Pattern TOTAL =
      Pattern.compile("Need to get (?:[0-9.,]+ [kMG]?B/)?([0-9.,]+) ([kMG]?)B of archives.*");
  private static final Pattern ONE = Pattern.compile("Get:\\d+ .*\\[([0-9.,]+) ([kMG]?)B\\]");

  private final Progress progress;
  private long total = -1;
  private long done;

  BootstrapProgress(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void accept(String line) {
    if (line.startsWith("I: ")) {
      STAGES.forEach((beginning, stage) -> {
        if (line.startsWith(beginning)) {
          total = -1;
          progress.stage(stage);
        }
      });
      return;
    }
    Matcher all = TOTAL.matcher(line);
    Matcher one = ONE.matcher(line);
    if (all.matches()) {
      total = bytes(all);
      done = 0;
      progress.bytes(0, total);
    } else if (total > 0 && one.matches()) {
      done = Math.min(total, done + bytes(one));
      progress.bytes(done, total);
    }
  }

  /** apt counts in thousands. */
  private static long bytes(Matcher size) {
    double number = Double.parseDouble(size.group(1).replace(",", ""));
    return (long)
        (number
            * switch (size.group(2)) {
              case "k" -> 1e3;
              case "M" -> 1e6;
              case "G" -> 1e9;
              default -> 1;
            });
  }
}
