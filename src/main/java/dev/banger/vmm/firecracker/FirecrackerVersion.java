package dev.banger.vmm.firecracker;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A release of Firecracker, and what it knows: a field that a release does not know it refuses. */
public record FirecrackerVersion(int major, int minor, int patch)
    implements Comparable<FirecrackerVersion> {
  /** The oldest that is driven. */
  public static final FirecrackerVersion OLDEST = new FirecrackerVersion(1, 13, 0);

  /** The newest whose rules were read; younger ones are taken to keep them. */
  public static final FirecrackerVersion NEWEST_READ = new FirecrackerVersion(1, 17, 0);

  private static final Pattern SAID =
      Pattern.compile("(?:Firecracker|Jailer|jailer) v([0-9]{1,4})\\.([0-9]{1,4})\\.([0-9]{1,4})");

  /** Of what {@code --version} prints; empty when that is no version. */
  public static Optional<FirecrackerVersion> said(String output) {
    Matcher found = SAID.matcher(output);
    return found.find()
        ? Optional.of(
            new FirecrackerVersion(
                Integer.parseInt(found.group(1)),
                Integer.parseInt(found.group(2)),
                Integer.parseInt(found.group(3))))
        : Optional.empty();
  }

  public boolean supported() {
    return compareTo(OLDEST) >= 0;
  }

  private boolean from(int release) {
    return compareTo(new FirecrackerVersion(1, release, 0)) >= 0;
  }

  /** {@code --enable-pci} has been there since 1.13; used from the release after on. */
  boolean hasPci() {
    return from(14);
  }

  /** {@code free_page_reporting} of the balloon. */
  boolean reportsFreePages() {
    return from(14);
  }

  /** Devices that have room; one of the slots of PCI is the bridge's. */
  int deviceSlots() {
    return hasPci() ? 30 : 17;
  }

  @Override
  public int compareTo(FirecrackerVersion other) {
    if (major != other.major) {
      return Integer.compare(major, other.major);
    }
    return minor == other.minor
        ? Integer.compare(patch, other.patch)
        : Integer.compare(minor, other.minor);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + patch;
  }
}
