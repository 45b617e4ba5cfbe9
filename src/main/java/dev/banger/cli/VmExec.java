package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.aesh.command.option.Option;
import org.aesh.command.option.OptionList;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "exec",
    description = "Run a program in a running VM: [options] VM [--] COMMAND",
    generateHelp = true,
    stopAtFirstPositional = true)
final class VmExec extends ClientCommand {
  @Arguments(paramLabel = "VM COMMAND", description = "The VM, then the program")
  @Nullable List<String> words;

  @Option(shortName = 't', hasValue = false, description = "Run the program on a terminal")
  boolean tty;

  @Option(
      shortName = 'i',
      hasValue = false,
      description = "Forward stdin; this is so anyway, unless -n")
  boolean interactive;

  @Option(name = "no-stdin", shortName = 'n', hasValue = false, description = "No stdin")
  boolean noStdin;

  @OptionList(
      name = "env",
      shortName = 'e',
      valueSeparator = '\u0001',
      description = "K=V, or K to pass on this shell's; may stand many times")
  @Nullable List<String> env;

  @Option(shortName = 'u', description = "Run the program as this user[:group]")
  @Nullable String user;

  @Option(name = "workdir", shortName = 'w', description = "Directory in which it starts")
  @Nullable String workingDirectory;

  @Override
  boolean takesProgram() {
    return true;
  }

  @Override
  int failureStatus(BangerException failure) {
    return ProgramSession.failureStatus(failure);
  }

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    List<String> head = words == null ? List.of() : words;
    if (head.isEmpty()) {
      throw new UsageException("no VM is named", "banger vm exec VM -- COMMAND");
    }
    if (head.getFirst().startsWith("-")) {
      throw new UsageException("The option " + head.getFirst() + " is unknown.", "");
    }
    StreamApi.Program program =
        VmRun.program(
            argv(head), tty, !noStdin, user, workingDirectory, OptionValues.environment(env));
    try (Client client = connect()) {
      ProgramSession.cancelOnInterrupt(client);
      StreamApi.Running running =
          client.call(
              StreamApi.EXEC,
              new StreamApi.Exec(head.getFirst(), program),
              ProgressView.standard());
      return ProgramSession.join(
          client, directories(), new ProgramSession.Begun(running, false, !noStdin, tty));
    }
  }

  /** A {@code --} in the middle of the program belongs to it. */
  private static List<String> argv(List<String> head) throws UsageException {
    List<String> argv = new ArrayList<>(head.subList(1, head.size()));
    if (!argv.isEmpty() && !Cli.PROGRAM.get().isEmpty()) {
      argv.add("--");
    }
    argv.addAll(Cli.PROGRAM.get());
    if (argv.isEmpty()) {
      throw new UsageException("no program is named", "banger vm exec VM -- COMMAND");
    }
    return argv;
  }
}
