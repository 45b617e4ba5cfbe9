package dev.banger.cli;

import org.aesh.AeshRuntimeRunner;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.util.completer.ShellCompletionGenerator.ShellType;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "completion",
    description = "Print a completion script: eval \"$(banger completion bash)\"",
    generateHelp = true)
final class CompletionCommand extends ClientCommand {
  @Argument(required = true, paramLabel = "SHELL", description = "SHELL: bash, zsh or fish")
  @Nullable String shell;

  @Override
  int run() throws UsageException {
    ShellType type =
        switch (String.valueOf(shell)) {
          case "bash" -> ShellType.BASH;
          case "zsh" -> ShellType.ZSH;
          case "fish" -> ShellType.FISH;
          default ->
              throw new UsageException(
                  "there is no completion for '" + shell + "'", "bash, zsh or fish");
        };
    return AeshRuntimeRunner.builder()
        .command(RootCommand.class)
        .completionProgramName(RootCommand.NAME)
        .generateCompletion(type)
        .execute()
        .getResultValue();
  }
}
