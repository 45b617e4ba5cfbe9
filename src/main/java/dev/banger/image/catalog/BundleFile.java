package dev.banger.image.catalog;

import java.nio.file.Path;

/**
 * One file of a bundle.
 *
 * @param name in the bundle: {@link #IMAGE}, {@link #ROOT}, {@link #SEED}, or below {@link #KERNEL}
 */
public record BundleFile(String name, Path file) {
  /** What the image says of itself; first in every bundle. */
  public static final String IMAGE = "image.properties";

  /** The root file system. */
  public static final String ROOT = "rootfs.ext4";

  /** The work seed, if the image has one. */
  public static final String SEED = "seed.ext4";

  /** What the names of the kernel's files begin with. */
  public static final String KERNEL = "kernel/";
}
