package dev.banger.cli;

import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.rpc.Wire;
import java.nio.file.Path;
import org.aesh.command.Command;
import org.aesh.command.CommandResult;
import org.aesh.command.invocation.CommandInvocation;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

/** What all commands share: two options, the connection, and how a failure is told. */
abstract class ClientCommand implements Command<CommandInvocation> {
  @Option(
      name = "json",
      hasValue = false,
      description = "Print one JSON document, errors as well",
      order = 98)
  boolean json;

  @Option(
      name = "data-dir",
      description = "Where this daemon keeps everything (or BANGER_HOME)",
      order = 99)
  @Nullable String dataDir;

  /** Does it; returns the exit status. */
  abstract int run() throws BangerException, UsageException, InterruptedException;

  /** Whether words behind {@code --} mean something to this command. */
  boolean takesProgram() {
    return false;
  }

  /** The exit status when it failed before a guest program had one. */
  int failureStatus(BangerException failure) {
    return Failures.status(failure.code().name());
  }

  @Override
  public final CommandResult execute(CommandInvocation invocation) throws InterruptedException {
    try {
      if (!takesProgram() && !Cli.PROGRAM.get().isEmpty()) {
        throw new UsageException("this command runs no program, so nothing may follow `--`", "");
      }
      return CommandResult.valueOf(run());
    } catch (UsageException e) {
      Failures.print(e.asBanger(), json);
      return CommandResult.valueOf(Cli.USAGE);
    } catch (BangerException e) {
      Failures.print(e, json);
      return CommandResult.valueOf(failureStatus(e));
    }
  }

  final Directories directories() {
    return Directories.of(
        System.getenv(),
        dataDir == null ? null : Path.of(dataDir),
        "root".equals(System.getProperty("user.name")));
  }

  /** Connected; the daemon is started when none runs. */
  final Client connect() throws BangerException, InterruptedException {
    return Client.connect(directories());
  }

  /** How an operation ended, for programs; for people, this. Returns the exit status. */
  final int tell(OperationApi.Status end, String plain) {
    if (json) {
      printJson(end);
    } else {
      System.out.println(plain);
    }
    return 0;
  }

  /** The whole answer of a command, when {@code --json} was given. */
  final void printJson(Object document) {
    System.out.println(Wire.json().toJson(document));
  }
}
