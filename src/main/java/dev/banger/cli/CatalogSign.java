package dev.banger.cli;

import dev.banger.catalog.BundleKeys;
import dev.banger.catalog.Catalog;
import dev.banger.catalog.CatalogEntry;
import dev.banger.catalog.Signatures;
import dev.banger.model.BangerException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.util.Map;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "sign",
    description = "Sign all bundles in a catalog's file",
    generateHelp = true)
final class CatalogSign extends ClientCommand {
  @Argument(required = true, paramLabel = "FILE", description = "FILE: the catalog")
  String file = "";

  @Option(
      name = "key",
      required = true,
      description = "The private key: `banger catalog key` makes one")
  String key = "";

  @Override
  int run() throws BangerException, UsageException {
    Path path = Path.of(OptionValues.file("FILE", file));
    PrivateKey by =
        BundleKeys.read(CatalogFiles.read(Path.of(OptionValues.file("--key", key))), key);
    Catalog signed = Signatures.sign(Catalog.parse(CatalogFiles.read(path), file), by);
    CatalogFiles.write(path, signed);
    long bundles =
        signed.entries().stream().filter(e -> e.origin() instanceof CatalogEntry.Bundle).count();
    String word = BundleKeys.publicWord(by);
    if (json) {
      printJson(Map.of("catalog", signed.name(), "bundles", bundles, "public", word));
    } else {
      System.out.println("signed " + bundles + " bundles in " + file + " by " + word);
    }
    return 0;
  }
}
