package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "image",
    description = "Images",
    generateHelp = true,
    groupCommands = {
      ImageList.class,
      ImageShow.class,
      ImageFind.class,
      ImagePull.class,
      ImageRegister.class,
      ImagePromote.class,
      ImageSeed.class,
      ImageBundle.class,
      ImageDelete.class,
      ImagePrune.class,
    })
final class ImageCommand extends GroupCommand {}
