package dev.banger.image.catalog;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One file of a bundle.
 *
 * @param name in the bundle: {@link #IMAGE}, {@link #ROOT}, {@link #SEED}, or below {@link #KERNEL}
 * @param instead what stands in the bundle in place of the file's content
 */
public record BundleFile(String name, Path file, Optional<String> instead) {
  /** What the image says of itself; first in every bundle. */
  public static final String IMAGE = "image.properties";

  /** The root file system. */
  public static final String ROOT = "rootfs.ext4";

  /** The work seed, if the image has one. */
  public static final String SEED = "seed.ext4";

  /** What the names of the kernel's files begin with. */
  public static final String KERNEL = "kernel/";

  /** As it is. */
  public BundleFile(String name, Path file) {
    this(name, file, Optional.empty());
  }

  /** In the bundle. */
  public long size() throws IOException {
    return instead.isPresent() ? bytes(instead.get()).length : Files.size(file);
  }

  InputStream open() throws IOException {
    return instead.isPresent()
        ? new ByteArrayInputStream(bytes(instead.get()))
        : Files.newInputStream(file);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
