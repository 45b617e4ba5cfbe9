package dev.banger.image.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A kernel in files of this host, which are only read.
 *
 * @param kernel a bzImage, or an ELF vmlinux
 * @param modules its {@code /lib/modules/RELEASE}; empty: all that a guest needs is built in
 * @param initrd archives that are unpacked before banger's own initramfs; empty: there is none
 */
public record KernelFiles(Path kernel, Optional<Path> modules, Optional<Path> initrd) {
  /** All of it is held in the daemon's memory at once. */
  private static final int LARGEST_KERNEL = 96 << 20;

  private static final int LARGEST_INITRD = 64 << 20;
  private static final List<String> ARCHIVES =
      List.of("3037303730", "1f8b", "28b52ffd", "fd377a585a", "02214c18", "425a68", "5d0000");

  /** The same, the modules without symbolic links: nothing is ever written through one. */
  KernelFiles real() throws BangerException {
    if (modules.isEmpty()) {
      return this;
    }
    try {
      return new KernelFiles(kernel, Optional.of(modules.get().toRealPath()), initrd);
    } catch (NoSuchFileException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no directory " + modules.get(), "check the path", e);
    } catch (IOException e) {
      throw Trees.failure("cannot read " + modules.get(), e);
    }
  }

  byte[] readKernel() throws BangerException {
    return read(kernel, LARGEST_KERNEL);
  }

  byte[] readInitrd(Path file) throws BangerException {
    byte[] content = read(file, LARGEST_INITRD);
    String beginning = HexFormat.of().formatHex(content, 0, Math.min(8, content.length));
    if (ARCHIVES.stream().noneMatch(beginning::startsWith)) {
      throw new BangerException(
          ErrorCode.INVALID,
          file + " is no initrd",
          "give a cpio archive (newc), plain or compressed, as `cpio -o -H newc` makes it");
    }
    return content;
  }

  private static byte[] read(Path file, int limit) throws BangerException {
    try {
      if (!Files.isRegularFile(file) && Files.exists(file)) {
        throw new BangerException(ErrorCode.INVALID, file + " is no regular file", "name another");
      }
      try (InputStream in = Files.newInputStream(file)) {
        byte[] content = in.readNBytes(limit + 1);
        if (content.length > limit) {
          throw new BangerException(
              ErrorCode.INVALID,
              file + " is larger than " + (limit >> 20) + " MiB",
              "name another");
        }
        return content;
      }
    } catch (NoSuchFileException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no file " + file, "check the path", e);
    } catch (IOException e) {
      throw Trees.failure("cannot read " + file, e);
    }
  }

  /** Of the contents; of the modules their names, sizes and times. */
  String digest(byte[] kernelContent, byte[] initrdContent) throws BangerException {
    try {
      MessageDigest sum = MessageDigest.getInstance("SHA-256");
      sum.update((kernelContent.length + " " + initrdContent.length + " ").getBytes(US_ASCII));
      sum.update(kernelContent);
      sum.update(initrdContent);
      if (modules.isPresent()) {
        try (Stream<Path> files = Files.walk(modules.get())) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
            String line =
                modules.get().relativize(file)
                    + " "
                    + facts.size()
                    + " "
                    + facts.lastModifiedTime()
                    + "\n";
            sum.update(line.getBytes(UTF_8));
          }
        }
      }
      return HexFormat.of().formatHex(sum.digest());
    } catch (IOException | UncheckedIOException e) {
      throw Trees.failure("cannot read the modules in " + modules.get(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
