package dev.banger.cli;

import org.aesh.command.Command;
import org.aesh.command.CommandResult;
import org.aesh.command.invocation.CommandInvocation;
import org.aesh.command.option.Option;

/** A word that needs another one behind it: alone it lists those. */
abstract class GroupCommand implements Command<CommandInvocation> {
  @Option(name = "json", hasValue = false, description = "For the command that follows")
  boolean json;

  @Override
  public final CommandResult execute(CommandInvocation invocation) {
    System.out.print(invocation.getHelpInfo());
    return CommandResult.valueOf(Cli.USAGE);
  }
}
