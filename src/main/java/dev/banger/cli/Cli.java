package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.RpcClient;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.aesh.command.AeshCommandRuntimeBuilder;
import org.aesh.command.CommandException;
import org.aesh.command.CommandNotFoundException;
import org.aesh.command.CommandResult;
import org.aesh.command.CommandRuntime;
import org.aesh.command.impl.registry.AeshCommandRegistryBuilder;
import org.aesh.command.invocation.CommandInvocation;
import org.aesh.command.parser.CommandLineParserException;
import org.aesh.command.registry.CommandRegistryException;
import org.aesh.command.validator.CommandValidatorException;
import org.aesh.command.validator.OptionValidatorException;

/** The command line. Exit status: 0 success, 1 failure, 2 bad usage, else a guest program's own. */
public final class Cli {
  static final int FAILED = 1;
  static final int USAGE = 2;

  /** The words behind the first {@code --}: a program for the guest. */
  static final ScopedValue<List<String>> PROGRAM = ScopedValue.newInstance();

  private Cli() {}

  /** Does what the arguments say; returns the exit status. */
  public static int run(String[] arguments) {
    int dashes = Arrays.asList(arguments).indexOf("--");
    String[] words = dashes < 0 ? arguments : Arrays.copyOf(arguments, dashes);
    List<String> program =
        dashes < 0
            ? List.of()
            : List.of(Arrays.copyOfRange(arguments, dashes + 1, arguments.length));
    RpcClient.prepare();
    boolean json = Arrays.asList(words).contains("--json");
    String[] ordered = behindTheCommand(words);
    return ScopedValue.where(PROGRAM, program).call(() -> guarded(ordered, json));
  }

  /** {@code --json} may stand before the words of the command; it means the same there. */
  private static String[] behindTheCommand(String[] words) {
    List<String> ordered = new ArrayList<>(Arrays.asList(words));
    int command = 0;
    int moved = 0;
    int depth = 1;
    while (command < ordered.size() && command < depth) {
      if (ordered.get(command).equals("--json")) {
        ordered.remove(command);
        moved++;
      } else {
        depth += command == 0 && RootCommand.GROUPS.contains(ordered.get(0)) ? 1 : 0;
        command++;
      }
    }
    if (moved > 0) {
      ordered.add(command, "--json");
    }
    return ordered.toArray(String[]::new);
  }

  private static int guarded(String[] words, boolean json) {
    try {
      return execute(words);
    } catch (UsageException e) {
      Failures.print(e.asBanger(), json);
      return USAGE;
    } catch (BangerException e) {
      Failures.print(e, json);
      return FAILED;
    }
  }

  private static int execute(String[] words) throws BangerException, UsageException {
    try {
      CommandRuntime<CommandInvocation> runtime =
          AeshCommandRuntimeBuilder.<CommandInvocation>builder()
              .commandRegistry(
                  AeshCommandRegistryBuilder.<CommandInvocation>builder()
                      .command(RootCommand.class)
                      .create())
              .build();
      if (asksForHelp(words)) {
        System.setOut(withoutColours(System.out));
      }
      CommandResult result = runtime.executeCommand(RootCommand.NAME, words);
      int status = result == null ? 0 : result.getResultValue();
      if (System.out.checkError() && status == 0) {
        throw new BangerException(
            ErrorCode.NO_SPACE, "cannot write the whole answer to stdout", "see where it leads");
      }
      return status;
    } catch (CommandLineParserException
        | CommandNotFoundException
        | OptionValidatorException
        | CommandValidatorException e) {
      throw usage(e, words);
    } catch (InterruptedException e) {
      throw new BangerException(ErrorCode.CANCELLED, "the command was interrupted", "");
    } catch (CommandException | CommandRegistryException | IOException e) {
      throw mistake(e);
    } catch (RuntimeException e) {
      // Æsh wraps what it cannot convert: a bad number is no stack trace.
      if (e.getCause() instanceof OptionValidatorException bad) {
        throw usage(bad, words);
      }
      throw mistake(e);
    }
  }

  private static BangerException mistake(Exception e) {
    return new BangerException(ErrorCode.INTERNAL, "the command met a mistake in banger", "", e);
  }

  private static UsageException usage(Exception e, String[] words) {
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("bad usage");
    return new UsageException(message, "see `" + helpFor(words) + "`");
  }

  /** The words up to the first option are, nearly always, the command. */
  private static String helpFor(String[] words) {
    StringBuilder help = new StringBuilder("banger");
    boolean group = words.length > 0 && RootCommand.GROUPS.contains(words[0]);
    for (int i = 0; i < Math.min(words.length, group ? 2 : 1); i++) {
      if (words[i].startsWith("-")) {
        break;
      }
      help.append(' ').append(words[i]);
    }
    return help + " --help";
  }

  private static boolean asksForHelp(String[] words) {
    return words.length == 0
        || Arrays.asList(words).contains("--help")
        || Arrays.asList(words).contains("-h");
  }

  /** Æsh colours parts of its help even where nobody sees colours. */
  private static PrintStream withoutColours(OutputStream out) {
    return new PrintStream(
        new FilterOutputStream(out) {
          private boolean escape;

          @Override
          public void write(int b) throws IOException {
            if (b == 0x1b) {
              escape = true;
            } else if (!escape) {
              out.write(b);
            } else if (Character.isLetter(b)) {
              escape = false;
            }
          }
        },
        true,
        StandardCharsets.UTF_8);
  }
}
