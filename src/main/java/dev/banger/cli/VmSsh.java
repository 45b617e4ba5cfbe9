package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.SshApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "ssh",
    description = "Log in to a running VM by the system's ssh, or run a command there",
    generateHelp = true)
final class VmSsh extends ClientCommand {
  private static final int FAILED = 255;

  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(shortName = 'l', description = "Log in as this user of the guest")
  @Nullable String login;

  @Option(
      name = "forward-agent",
      shortName = 'A',
      hasValue = false,
      description = "Offer this shell's SSH agent, of which the guest gets what config.toml allows")
  boolean forwardAgent;

  @Option(shortName = 't', hasValue = false, description = "A terminal for the command, too")
  boolean tty;

  @Option(
      hasValue = false,
      description =
          "To the SSH server that the guest runs itself; waits up to 30 s until it listens")
  boolean direct;

  @Option(
      shortName = 'p',
      description = "With --direct: the port where it listens, 22 when missing")
  @Nullable Integer port;

  @Override
  boolean takesProgram() {
    return true;
  }

  @Override
  int failureStatus(BangerException failure) {
    return FAILED;
  }

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (port != null && !direct) {
      throw new UsageException(
          "--port is the port of the guest's own SSH server", "add --direct to go there");
    }
    List<String> command = new ArrayList<>();
    try (Client client = connect()) {
      VmApi.View view = client.call(VmApi.SHOW, new VmApi.Ref(vm));
      SshApi.Files files = client.call(SshApi.FILES, new DaemonApi.Nothing());
      command.addAll(List.of("ssh", "-F", files.config()));
      if (login != null) {
        command.addAll(List.of("-l", login));
      }
      if (forwardAgent) {
        command.add("-A");
      }
      if (tty) {
        command.add("-t");
      }
      if (port != null) {
        command.addAll(List.of("-p", port.toString()));
      }
      command.addAll(List.of("--", view.name() + (direct ? ".direct.vm" : ".vm")));
    }
    command.addAll(words(Cli.PROGRAM.get()));
    return OpenSsh.run(command);
  }

  /** One word is for the guest's shell, as with ssh; several are a program and its arguments. */
  private static List<String> words(List<String> program) {
    return program.size() < 2
        ? program
        : program.stream().map(word -> "'" + word.replace("'", "'\\''") + "'").toList();
  }
}
