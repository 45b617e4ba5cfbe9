package dev.banger.cli;

import dev.banger.catalog.BundleKeys;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(
    name = "key",
    description = "Make a key that signs bundles, or show the public half of one",
    generateHelp = true)
final class CatalogKey extends ClientCommand {
  @Argument(required = true, paramLabel = "FILE", description = "FILE: the private key")
  String file = "";

  @Override
  int run() throws BangerException, UsageException {
    Path path = Path.of(OptionValues.file("FILE", file));
    if (!Files.exists(path)) {
      make(path);
    }
    String word = BundleKeys.publicWord(BundleKeys.read(CatalogFiles.read(path), file));
    if (json) {
      printJson(Map.of("file", path.toString(), "public", word));
    } else {
      System.out.println(word);
    }
    return 0;
  }

  private static void make(Path path) throws BangerException {
    try {
      Path beside = // 0600
          Files.createTempFile(path.toAbsolutePath().resolveSibling("."), ".banger-", ".partial");
      try {
        Files.writeString(beside, BundleKeys.generate());
        Files.move(beside, path); // not over one that is there
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (FileAlreadyExistsException e) {
      throw new BangerException(
          ErrorCode.ALREADY_EXISTS, path + " has just been made by somebody else", "try again", e);
    } catch (IOException e) {
      throw CatalogFiles.failure("cannot make the key " + path, e);
    }
  }
}
