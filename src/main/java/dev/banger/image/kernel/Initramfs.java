package dev.banger.image.kernel;

import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;

/**
 * The first root file system of a guest: the agent as {@code /init}, and the modules it loads. Made
 * once for each kernel, flavour and agent, and named by the digest of these.
 */
final class Initramfs {
  /** Counts changes of what {@link #archive} writes. */
  private static final String FORMAT = "1";

  /**
   * The kernel unpacks archives that follow one another, each at a multiple of this, later files
   * over earlier ones (Documentation/driver-api/early-userspace/buffer-format.rst).
   */
  private static final int ALIGNMENT = 4;

  private static final Duration UNUSED = Duration.ofDays(30);
  private static final List<String> DIRECTORIES =
      List.of("dev", "proc", "sys", "run", "root", "modules");

  private final Path cache;
  private final Path agent;
  private final Clock clock;
  private final List<Path> unfinished;

  Initramfs(Path cache, Path agent, Clock clock) throws BangerException {
    this.unfinished = Publication.unfinished(cache);
    this.cache = cache;
    this.agent = agent;
    this.clock = clock;
  }

  /** The archive, made if it is not there yet. */
  Path of(Kernel kernel, InitramfsFlavour flavour) throws BangerException {
    byte[] program = agent();
    try {
      String order = Files.readString(kernel.directory().resolve(flavour.orderFile()));
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : List.of(FORMAT, kernel.digest(), order)) {
        digest.update((part + "\0").getBytes(StandardCharsets.UTF_8));
      }
      digest.update(program);
      Path file = cache.resolve(HexFormat.of().formatHex(digest.digest()) + ".cpio");
      if (Files.exists(file)) {
        Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
      } else {
        // An initrd comes first: its contents are part of the kernel's digest.
        byte[] before =
            Files.exists(kernel.initrd()) ? Files.readAllBytes(kernel.initrd()) : new byte[0];
        Publication.writeFile(
            file,
            before,
            new byte[(ALIGNMENT - before.length % ALIGNMENT) % ALIGNMENT],
            archive(kernel, order.lines().toList(), program));
        dropUnused();
      }
      return file;
    } catch (IOException e) {
      throw Trees.failure("cannot make the initramfs of kernel " + kernel.id(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Removes what was half written when this object came to be. */
  void reclaim() throws BangerException {
    Trees.removeAll(unfinished);
  }

  private byte[] agent() throws BangerException {
    try {
      return Files.readAllBytes(agent);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot read the guest's agent " + agent,
          "build it with `make -C guest`, or correct binaries.banger-agent in config.toml",
          e);
    }
  }

  private static byte[] archive(Kernel kernel, List<String> modules, byte[] program)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(4 << 20);
    try (CpioWriter cpio = new CpioWriter(bytes)) {
      for (String directory : DIRECTORIES) {
        cpio.directory(directory, 0755);
      }
      cpio.characterDevice("dev/console", 0600, 5, 1);
      cpio.file("init", 0755, program);
      StringBuilder order = new StringBuilder();
      for (String module : modules) {
        String name = "modules/" + module + ".ko";
        cpio.file(name, 0644, Files.readAllBytes(kernel.bootModules().resolve(module + ".ko")));
        order.append('/').append(name).append('\n');
      }
      cpio.file("modules/order", 0644, order.toString().getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** Archives of kernels and agents that are no more. */
  private void dropUnused() throws IOException {
    Instant limit = clock.instant().minus(UNUSED);
    try (DirectoryStream<Path> all = Files.newDirectoryStream(cache)) {
      for (Path file : all) {
        if (!file.getFileName().toString().startsWith(Publication.PREFIX) && isOlder(file, limit)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static boolean isOlder(Path file, Instant limit) throws IOException {
    try {
      return Files.getLastModifiedTime(file).toInstant().isBefore(limit);
    } catch (NoSuchFileException e) {
      return false; // somebody else was faster
    }
  }
}
