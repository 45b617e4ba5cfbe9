package dev.banger.cli;

import dev.banger.api.CatalogApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "find",
    description = "Search the catalogs and what is here",
    generateHelp = true)
final class ImageFind extends ClientCommand {
  @Argument(paramLabel = "TEXT", description = "TEXT: part of a name or a description")
  @Nullable String text;

  @Override
  int run() throws BangerException, InterruptedException {
    CatalogApi.Found found;
    try (Client client = connect()) {
      found = client.call(CatalogApi.FIND, new CatalogApi.Search(text == null ? "" : text));
    }
    if (json) {
      printJson(found);
      return 0;
    }
    Table table = new Table("REFERENCE", "CATALOG", "DOWNLOAD", "HERE", "DESCRIPTION");
    for (CatalogApi.Offer offer : found.images()) {
      boolean refused = Boolean.FALSE.equals(offer.signed());
      table.row(
          offer.reference(),
          offer.catalog() == null ? "-" : offer.catalog(),
          offer.size() == null ? "-" : Human.size(offer.size()),
          offer.id() == null ? "no" : offer.id(),
          (refused ? "(not signed by a key of yours) " : "") + offer.description());
    }
    System.out.print(table);
    found.problems().forEach(problem -> System.err.println("banger: " + problem));
    return 0;
  }
}
