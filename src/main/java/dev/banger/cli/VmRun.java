package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "run",
    description =
        "Create and start a VM and run a program in it: [options] [IMAGE] [-- COMMAND]; where the"
            + " image has an entrypoint, COMMAND is what follows it",
    generateHelp = true)
final class VmRun extends VmOptions {
  @Argument(paramLabel = "IMAGE", description = "Image reference, as --image")
  @Nullable String imageArgument;

  @Option(
      name = "rm",
      hasValue = false,
      description = "Delete the VM at the end although it has a --name")
  boolean remove;

  @Option(shortName = 't', hasValue = false, description = "Run the program on a terminal")
  boolean tty;

  @Option(
      shortName = 'i',
      hasValue = false,
      description = "Forward stdin; this is so anyway, unless -n")
  boolean interactive;

  @Option(name = "no-stdin", shortName = 'n', hasValue = false, description = "No stdin")
  boolean noStdin;

  @Option(shortName = 'u', description = "Run the program as this user[:group]")
  @Nullable String user;

  @Option(
      name = "workdir",
      shortName = 'w',
      description = "Directory in which it starts; made where it is missing")
  @Nullable String workingDirectory;

  @Option(
      name = "entrypoint",
      description =
          "Program in place of the image's entrypoint, and of its command; '' takes it away")
  @Nullable String entrypoint;

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
    if (imageArgument != null && image != null) {
      throw new UsageException("the image is given twice", "leave one of them out");
    }
    if (imageArgument != null && "./~".indexOf(imageArgument.charAt(0)) >= 0) {
      throw new UsageException(
          "'" + imageArgument + "' is a path, not an image",
          "start the VM, then take files into it by `banger vm cp`");
    }
    List<String> argv = Cli.PROGRAM.get();
    boolean shell = argv.isEmpty() && entrypoint == null && Terminal.stdin();
    StreamApi.Run request =
        new StreamApi.Run(
            create(imageArgument, argv.isEmpty() && entrypoint == null ? "auto" : "agent", true),
            name != null && !remove,
            entrypoint,
            program(argv, tty || shell, !noStdin, user, workingDirectory, List.of()));
    try (Client client = connect()) {
      ProgramSession.cancelOnInterrupt(client);
      ProgressView progress = ProgressView.standard();
      StreamApi.Running running;
      try {
        running = client.call(StreamApi.RUN, request, progress);
      } finally {
        progress.clear();
      }
      return ProgramSession.join(
          client,
          directories(),
          new ProgramSession.Begun(running, !request.keep(), !noStdin, tty || shell));
    }
  }

  /** What a guest is asked to run; on a terminal it gets this one's size and kind. */
  static StreamApi.Program program(
      List<String> argv,
      boolean tty,
      boolean stdin,
      @Nullable String user,
      @Nullable String workingDirectory,
      List<String> env) {
    List<String> all = new ArrayList<>(env);
    String kind = System.getenv("TERM");
    if (tty && kind != null) {
      all.addFirst("TERM=" + kind);
    }
    Terminal.Size size = tty ? Terminal.size() : new Terminal.Size(0, 0);
    return new StreamApi.Program(
        argv, all, workingDirectory, user, tty, size.rows(), size.columns(), stdin);
  }
}
