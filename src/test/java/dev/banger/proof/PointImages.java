package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.Directories;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What images are made of while the daemon dies: a layout of two layers, and a file system. */
final class PointImages {
  private static final String SOURCES = "sources";
  private static final String SCRIPT =
      """
      mkdir -p tree/bin && cp /bin/true tree/bin/ && echo one > tree/one
      umoci init --layout layout && umoci new --image layout:one
      umoci insert --image layout:one tree /
      echo two > two && umoci insert --image layout:one two /two
      truncate -s 16M rootfs && /sbin/mke2fs -q -t ext4 -d tree rootfs
      """;

  private PointImages() {}

  /** The reference of an image of layers. */
  static String layers(Directories directories) {
    return "oci:" + directories.data().resolve(SOURCES).resolve("layout") + ":one";
  }

  /** A file that can be registered. */
  static String rootfs(Directories directories) {
    return directories.data().resolve(SOURCES).resolve("rootfs").toString();
  }

  /** Makes both, once. */
  static void make(Directories directories) throws Exception {
    Path sources = directories.data().resolve(SOURCES);
    if (Files.isDirectory(sources)) {
      return;
    }
    Files.createDirectories(sources);
    Process shell =
        new ProcessBuilder("sh", "-euc", SCRIPT)
            .directory(sources.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(shell.waitFor()).as(said).isZero();
  }
}
