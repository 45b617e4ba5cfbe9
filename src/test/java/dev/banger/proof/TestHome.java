package dev.banger.proof;

import dev.banger.image.TestDirectories;
import dev.banger.model.Directories;
import dev.banger.vmm.TestPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/** A data directory with a kernel in it; {@code tiny:} images are made in a moment. */
final class TestHome {
  static final String IMAGE = "tiny:one";
  private static final String KERNEL = "1.0-tiny-000000000000";

  private final Path directory;

  private TestHome(Path directory) {
    this.directory = directory;
  }

  /**
   * Under the temporary directory, which is short: a socket's path is. The limits are those of KVM:
   * processes are quick.
   */
  static TestHome ofFakes() throws Exception {
    return ofFakes(Files.createTempDirectory("bt-"));
  }

  /** As {@link #ofFakes()}, in an empty directory that is there. */
  static TestHome ofFakes(Path directory) throws Exception {
    TestHome home = new TestHome(directory);
    home.plantKernel();
    home.configure(
        """
        accel = "kvm"
        [admission]
        disk_floor = "1K"
        [vm]
        image = "%s"
        memory = "128M"
        disk = "64M"
        %s
        [binaries]
        %s = "%s"
        %s = "%s"
        """
            .formatted(
                IMAGE,
                PointImages.configuration(home.directory),
                TestDaemonMain.VMM,
                TestPrograms.compiled("fake_vmm"),
                TestDaemonMain.AGENT,
                TestPrograms.guest("banger-agent")));
    TestPrograms.guest("banger-shim");
    return home;
  }

  /** For real VMs; their kernels are shared by all tests, and the files of their images. */
  static TestHome ofGuests() throws Exception {
    TestHome home = new TestHome(Files.createTempDirectory("bt-"));
    home.linkImages(TestDirectories.CACHE.resolve("images"));
    for (String shared : List.of("kernels", "cache", "templates")) {
      Files.createDirectories(TestDirectories.CACHE.resolve(shared));
      Files.createSymbolicLink(
          home.directory.resolve(shared), TestDirectories.CACHE.resolve(shared));
    }
    home.configure(
        """
        accel = "tcg"
        [vm]
        memory = "192M"
        disk = "1G"
        """);
    return home;
  }

  /** Images are never changed, so their files can be anybody's, too. */
  private void linkImages(Path images) throws IOException {
    Files.createDirectories(images);
    try (Stream<Path> all = Files.walk(images)) {
      for (Path path : all.toList()) {
        Path own = directory.resolve("images").resolve(images.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectories(own);
        } else {
          Files.createLink(own, path);
        }
      }
    }
  }

  private void plantKernel() throws IOException {
    Path kernel = Files.createDirectories(directory.resolve("kernels").resolve(KERNEL));
    Files.createDirectories(kernel.resolve("boot-modules"));
    for (String file : List.of("vmlinux", "vmlinuz", "modules.ext4")) {
      Files.writeString(kernel.resolve(file), "no kernel: the guests of tests are processes\n");
    }
    for (String order : List.of("order.qemu-microvm", "order.firecracker")) {
      Files.writeString(kernel.resolve(order), "");
    }
    Map<String, String> facts =
        Map.of(
            "release", "1.0-tiny",
            "architecture", "amd64",
            "digest", "0".repeat(64),
            "source", "test",
            "pulled", "2026-01-01T00:00:00Z",
            "modulesUuid", new UUID(1, 1).toString());
    Files.writeString(
        kernel.resolve("kernel.properties"),
        String.join(
                "\n", facts.entrySet().stream().map(f -> f.getKey() + "=" + f.getValue()).toList())
            .replace(":", "\\:"));
  }

  Path directory() {
    return directory;
  }

  Directories directories() {
    return new Directories(
        directory, directory.resolve("run"), directory.resolve("cache"), directory);
  }

  /** Many daemons of tests run at once, and the host has one network, and one port for names. */
  void configure(String toml) throws IOException {
    Files.writeString(
        directory.resolve("config.toml"),
        "network.mode = \"user\"\nnetwork.dns = \"off\"\n" + toml);
  }

  /** With a bridge after all: the daemon gets a network of its own. */
  void bridge() throws IOException {
    Path file = directory.resolve("config.toml");
    Files.writeString(file, Files.readString(file).replace("mode = \"user\"", "mode = \"bridge\""));
  }

  /** How far the daemon's wall clock is from the host's; may be missing. */
  Path clock() {
    return clock(directory);
  }

  static Path clock(Path directory) {
    return directory.resolve("clock");
  }

  Path mishaps() {
    return directory.resolve("mishaps");
  }

  /** Symbolic links are removed, not followed. */
  void delete() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
