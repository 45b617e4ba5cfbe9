package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;

/** Idempotency keys. */
final class Keys {
  private static final String RANDOM = "/dev/urandom";
  private static final int BYTES = 16;

  private Keys() {}

  /** 128 random bits, straight from the kernel: a SecureRandom takes milliseconds to make. */
  static String random() throws BangerException {
    try (InputStream random = new FileInputStream(RANDOM)) {
      return HexFormat.of().formatHex(random.readNBytes(BYTES));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot read " + RANDOM, "see that /dev is whole", e);
    }
  }
}
