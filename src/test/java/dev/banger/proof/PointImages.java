package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.catalog.BundleKeys;
import dev.banger.catalog.Catalog;
import dev.banger.catalog.CatalogEntry;
import dev.banger.catalog.Signatures;
import dev.banger.image.catalog.BundleFile;
import dev.banger.image.catalog.BundleWriter;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/** What images and kernels are made of while the daemon dies. */
final class PointImages {
  /** Of the kernel that can be registered. */
  static final String RELEASE = "9.9-test";

  /** A reference that the catalog lists. */
  static final String BUNDLE = "bundled:1";

  private static final String KEY = BundleKeys.generate();
  private static final String SOURCES = "sources";
  private static final String SCRIPT =
      """
      mkdir -p tree/bin && cp /bin/true tree/bin/ && echo one > tree/one
      umoci init --layout layout && umoci new --image layout:one
      umoci insert --image layout:one tree /
      echo two > two && umoci insert --image layout:one two /two
      truncate -s 16M rootfs && /sbin/mke2fs -q -t ext4 -d tree rootfs
      printf '\\177ELF Linux version 9.9-test (by us)' > kernel
      printf '%s\\0' virtio-mmio virtio_blk virtio_net virtio_console overlay ext4 >> kernel
      printf 'hasInit=false\\nuser=\\n' > image.properties
      printf '%s=%s\\n' release 9.8-bundle architecture amd64 digest 0123456789abcdef source test \\
        pulled 2025-01-01T00:00:00Z modulesUuid 00000000-0000-0001-0000-000000000001 > kernel.properties
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

  /** A file that can be registered as a kernel; its release is {@link #RELEASE}. */
  static String kernel(Directories directories) {
    return directories.data().resolve(SOURCES).resolve("kernel").toString();
  }

  /** What the configuration of a test's daemon says of the catalog that lists {@link #BUNDLE}. */
  static String configuration(Path data) throws BangerException {
    String key = BundleKeys.publicWord(BundleKeys.read(KEY, "the test's key"));
    return "[catalogs]\nfiles = [\"%s\"]\nkeys = [\"%s\"]\n".formatted(catalog(data), key);
  }

  private static Path catalog(Path data) {
    return data.resolve(SOURCES).resolve("catalog.json");
  }

  private static void makeBundle(Path sources) throws Exception {
    Path bundle = sources.resolve("bundle");
    try (OutputStream out = Files.newOutputStream(bundle)) {
      BundleWriter.write(
          List.of(
              new BundleFile(BundleFile.IMAGE, sources.resolve("image.properties")),
              new BundleFile(BundleFile.ROOT, sources.resolve("rootfs")),
              new BundleFile(BundleFile.KERNEL + "vmlinux", sources.resolve("kernel")),
              new BundleFile(BundleFile.KERNEL + "modules.ext4", sources.resolve("rootfs")),
              new BundleFile(
                  BundleFile.KERNEL + "kernel.properties", sources.resolve("kernel.properties"))),
          out,
          written -> {});
    }
    byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(bundle));
    CatalogEntry entry =
        new CatalogEntry(
            "bundled",
            "1",
            "amd64",
            "",
            new CatalogEntry.Bundle(
                "9.8-bundle", "bundle", Files.size(bundle), HexFormat.of().formatHex(sum), ""));
    Catalog catalog = new Catalog("test", List.of(entry));
    Catalog signed = Signatures.sign(catalog, BundleKeys.read(KEY, "the test's key"));
    Files.writeString(sources.resolve("catalog.json"), signed.text());
  }

  /** Makes all of them, once. */
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
    makeBundle(sources);
  }
}
