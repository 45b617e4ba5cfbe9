package dev.banger.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.ext4.Ext4Judges;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Memory stays bounded however large the image is: a process with a small heap is the judge. */
class LargeImageHostTest {
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+([0-9]+) kB");

  @TempDir Path directory;

  /** The most memory that it took, in KiB. */
  private long write(int files, int size, String heap) throws Exception {
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Path disk = directory.resolve("disk");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                heap,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classes,
                LargeImage.class.getName(),
                Integer.toString(files),
                Integer.toString(size),
                disk.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    System.err.printf("%d files of %d bytes with %s: %s%n", files, size, heap, said.strip());
    Ext4Judges.check(disk);
    assertThat(Ext4Judges.debugfs(disk, "cat d1/f7")).isEqualTo("above");
    assertThat(Ext4Judges.debugfs(disk, "cat d2/twin")).startsWith("2008");
    assertThat(Ext4Judges.debugfs(disk, "ls -p /")).contains("/d1/").doesNotContain("/d0/");
    try (var left = Files.list(directory)) {
      assertThat(left.toList()).isEqualTo(List.of(disk));
    }
    Matcher peak = PEAK.matcher(said);
    assertThat(peak.find()).as(said).isTrue();
    return Long.parseLong(peak.group(1));
  }

  @Test
  void fiftyThousandFilesNeedNoMoreThanASmallHeap() throws Exception {
    assertThat(write(50_000, 1000, "-Xmx24m")).isLessThan(200 << 10);
  }

  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void tenGibibytesInAMillionFilesNeedNoMoreThanTheirLimit() throws Exception {
    assertThat(write(1_000_000, 10_737, "-Xmx256m")).isLessThan(512 << 10);
  }
}
