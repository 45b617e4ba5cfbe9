package dev.banger.ext4;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What e2fsprogs says of an image. */
public final class Ext4Judges {
  private Ext4Judges() {}

  /** A program that must succeed, and what it printed, a character a byte. */
  public static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertThat(process.waitFor()).as("%s%n%s", String.join(" ", command), out).isZero();
    return out;
  }

  /** e2fsck finds nothing, and would change nothing. */
  public static void check(Path image) throws Exception {
    String _ = run("e2fsck", "-fn", image.toString());
  }

  /** The answer without the line of debugfs's version. */
  public static String debugfs(Path image, String request) throws Exception {
    String out = run("debugfs", "-R", request, image.toString());
    return out.substring(out.indexOf('\n') + 1);
  }
}
