package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "console",
    description = "Join a running VM's serial line; ctrl-] leaves",
    generateHelp = true)
final class VmConsole extends ClientCommand {
  private static final Duration NEXT_DAEMON = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(200);

  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(hasValue = false, description = "Only watch: several can, while one writes")
  boolean view;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    AtomicReference<@Nullable String> saved = new AtomicReference<>();
    Thread restore = new Thread(() -> restore(saved));
    Runtime.getRuntime().addShutdownHook(restore);
    Client client = connect();
    try {
      StreamApi.Watching watching = open(client);
      say(notice(watching));
      if (Terminal.stdin() && Terminal.foreground()) {
        saved.set(Terminal.raw());
      }
      ConsoleLink console = new ConsoleLink();
      ConsoleLink.End end = console.join(client, watching.writes());
      while (end == ConsoleLink.End.LOST) {
        client.close();
        Reopened next = reopen();
        client = next.client();
        say("\r\n[banger: the daemon ended; attached again, `vm logs` has what came meanwhile]\r");
        end = console.join(client, next.watching().writes());
      }
      say(end == ConsoleLink.End.VM_ENDED ? "\r\n[banger: the VM has ended]\r" : "\r");
      return 0;
    } finally {
      client.close();
      Runtime.getRuntime().removeShutdownHook(restore);
      restore(saved);
    }
  }

  private StreamApi.Watching open(Client client) throws BangerException {
    return client.call(StreamApi.CONSOLE, new StreamApi.Console(vm, view));
  }

  private record Reopened(Client client, StreamApi.Watching watching) {}

  /** At the next daemon, which others start. */
  private Reopened reopen() throws BangerException, InterruptedException {
    BangerException last =
        new BangerException(
            ErrorCode.UNAVAILABLE,
            "the daemon ended, and no other came within " + NEXT_DAEMON.toSeconds() + " s",
            "the VM runs on; `banger vm console " + vm + "` starts a daemon");
    long start = System.nanoTime();
    while (System.nanoTime() - start < NEXT_DAEMON.toNanos()) {
      Client client = null;
      try {
        client = Client.connectIfRunning(directories());
        if (client != null) {
          return new Reopened(client, open(client));
        }
      } catch (BangerException e) {
        if (client != null) {
          client.close();
        }
        if (e.code() != ErrorCode.UNAVAILABLE && e.code() != ErrorCode.CANCELLED) {
          throw e;
        }
        last = e;
      }
      Thread.sleep(PAUSE);
    }
    throw last;
  }

  private String notice(StreamApi.Watching watching) {
    StringBuilder text = new StringBuilder("[banger: the console of ").append(watching.name());
    text.append("; ctrl-] leaves");
    if (!watching.writes()) {
      text.append(view ? "; view only" : "; view only: another client writes");
    }
    if ("agent".equals(watching.initMode())) {
      text.append("; nothing reads it in init mode agent, for a shell: banger vm exec -t ")
          .append(watching.name())
          .append(" -- sh");
    }
    return text.append("]").toString();
  }

  private static void say(String line) {
    System.err.println(line);
    System.err.flush();
  }

  private static void restore(AtomicReference<@Nullable String> saved) {
    String state = saved.getAndSet(null);
    if (state != null) {
      Terminal.restore(state);
    }
  }
}
