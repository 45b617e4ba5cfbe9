package dev.banger.image.debian;

/**
 * A package as a mirror's index describes it.
 *
 * @param depends as written there
 * @param sha256 of its file
 * @param size of its file
 */
public record DebianPackage(
    String name, String version, String architecture, String depends, String sha256, long size) {
  /** As apt names the file in its archive. */
  String fileName() {
    return name + "_" + version.replace(":", "%3a") + "_" + architecture + ".deb";
  }
}
