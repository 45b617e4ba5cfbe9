package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "image",
    description = "Images",
    generateHelp = true,
    groupCommands = {
      ImageList.class,
      ImageShow.class,
      ImagePull.class,
      ImageRegister.class,
      ImageDelete.class,
      ImagePrune.class,
    })
final class ImageCommand extends GroupCommand {}
