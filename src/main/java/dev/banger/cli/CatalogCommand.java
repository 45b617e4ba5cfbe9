package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "catalog",
    description = "Catalogs of bundles",
    generateHelp = true,
    groupCommands = {CatalogKey.class, CatalogSign.class})
final class CatalogCommand extends GroupCommand {}
