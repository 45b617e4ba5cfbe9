package dev.banger.vmm;

import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A raw disk of a VM.
 *
 * @param discard what the guest trims becomes a hole in the file
 * @param serial what the guest sees as the disk's serial number, where the VMM can show one; may be
 *     empty
 * @param rate bytes a second at most; empty: as fast as the host can
 */
public record Drive(
    Path file,
    Kind kind,
    boolean readOnly,
    boolean discard,
    String serial,
    Optional<ByteSize> rate) {
  /** What is at the path. */
  public enum Kind {
    FILE,
    /** Written past the host's page cache; what cannot be written stops the guest until it can. */
    DEVICE
  }

  /** virtio-blk's limit is 20 bytes. */
  private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9._-]{0,20}");

  public Drive {
    if (!SERIAL.matcher(serial).matches()) {
      throw new IllegalArgumentException("not a serial number: " + serial);
    }
  }

  /** A disk that many VMs may share. */
  public static Drive readOnly(Path file) {
    return new Drive(file, Kind.FILE, true, false, "", Optional.empty());
  }

  /** A disk of one VM; trimmed space goes back to the host. */
  public static Drive writable(Path file) {
    return new Drive(file, Kind.FILE, false, true, "", Optional.empty());
  }

  /** A block device of the host for one VM, or to be read. */
  public static Drive device(Path device, boolean readOnly) {
    return new Drive(device, Kind.DEVICE, readOnly, false, "", Optional.empty());
  }

  public Drive withSerial(String name) {
    return new Drive(file, kind, readOnly, discard, name, rate);
  }

  public Drive withRate(Optional<ByteSize> bytesPerSecond) {
    return new Drive(file, kind, readOnly, discard, serial, bytesPerSecond);
  }
}
