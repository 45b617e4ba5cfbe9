package dev.banger.cli;

import dev.banger.catalog.Catalog;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Catalogs and keys in files of the user's. */
final class CatalogFiles {
  private CatalogFiles() {}

  static String read(Path file) throws BangerException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(Catalog.SIZE_LIMIT + 1);
      if (content.length > Catalog.SIZE_LIMIT) {
        throw new IOException("it is larger than " + Catalog.SIZE_LIMIT + " bytes");
      }
      return new String(content, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no file " + file, "check the path", e);
    } catch (IOException e) {
      throw failure("cannot read " + file, e);
    }
  }

  /** Beside, then renamed: nobody reads half a catalog. */
  static void write(Path file, Catalog catalog) throws BangerException {
    try {
      Path real = Files.exists(file) ? file.toRealPath() : file;
      Path beside = Files.createTempFile(real.toAbsolutePath().resolveSibling("."), ".banger-", "");
      try {
        Files.writeString(beside, catalog.text());
        Files.setPosixFilePermissions(
            beside,
            Files.exists(real)
                ? Files.getPosixFilePermissions(real)
                : PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(beside, real, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw failure("cannot write " + file, e);
    }
  }

  static BangerException failure(String tried, IOException e) {
    boolean denied = e instanceof AccessDeniedException;
    String reason = String.valueOf(e.getMessage());
    if (reason.contains("No space left on device") || reason.contains("Disk quota exceeded")) {
      return new BangerException(
          ErrorCode.NO_SPACE, tried, "free some space there, or name a file on another disk", e);
    }
    return new BangerException(
        denied ? ErrorCode.PERMISSION : ErrorCode.UNAVAILABLE,
        tried,
        denied ? "check its permissions" : "see the cause",
        e);
  }
}
