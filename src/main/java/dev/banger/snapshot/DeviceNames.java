package dev.banger.snapshot;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How the devices of one data directory are called: {@code banger-DIRECTORY-VM}, and {@code -base}
 * for what lies below. The directory is known by its path and its inode, since containers may see
 * several of the same path beside one device mapper.
 *
 * @param directory ten hexadecimal digits
 */
record DeviceNames(String directory) {
  private static final int DIGEST_BYTES = 5;
  private static final int ID_LENGTH = 12;
  private static final String BASE = "-base";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

  static DeviceNames of(Path data) throws BangerException {
    try {
      Path real = data.toRealPath();
      String identity =
          real
              + "\0"
              + Files.getAttribute(real, "unix:dev")
              + "\0"
              + Files.getAttribute(real, "unix:ino");
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(identity.getBytes(StandardCharsets.UTF_8));
      return new DeviceNames(HexFormat.of().formatHex(digest, 0, DIGEST_BYTES));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot look at " + data, "check that it is there", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of all devices. */
  String prefix() {
    return "banger-" + directory + "-";
  }

  /** The VM's disk. */
  String disk(VmId vm) {
    return prefix() + vm.value();
  }

  /** What the disk's unchanged blocks are read from. */
  String base(VmId vm) {
    return disk(vm) + BASE;
  }

  /** Within the device mapper. */
  static String uuid(String name) {
    return "BANGER-" + name;
  }

  /** Whose device this is; empty: none of ours. */
  Optional<VmId> owner(String name) {
    if (!name.startsWith(prefix()) || name.length() < prefix().length() + ID_LENGTH) {
      return Optional.empty();
    }
    String id = name.substring(prefix().length(), prefix().length() + ID_LENGTH);
    String rest = name.substring(prefix().length() + ID_LENGTH);
    return ID.matcher(id).matches() && (rest.isEmpty() || rest.equals(BASE))
        ? Optional.of(new VmId(id))
        : Optional.empty();
  }
}
