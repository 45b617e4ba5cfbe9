package dev.banger.cli;

import dev.banger.api.FigureApi;
import dev.banger.model.BangerException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.aesh.command.CommandDefinition;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "top",
    description = "Watch what running VMs use; one table when stdout is no terminal",
    generateHelp = true)
final class VmTop extends ClientCommand {
  private static final String ENTER = "\033[?1049h\033[?25l";
  private static final String LEAVE = "\033[?25h\033[?1049l";
  private static final Duration REFRESH = Duration.ofSeconds(1);
  private static final Duration FIRST = Duration.ofMillis(300);

  /** Not a key: the window has another size. */
  private static final int RESIZED = -1;

  private static final int CONTROL_C = 3;

  private final BlockingQueue<Integer> keys = new LinkedBlockingQueue<>();
  private final StatsTable table = new StatsTable();
  private TopScreen.Order order = TopScreen.Order.CPU;

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      if (json) {
        printJson(look(client));
      } else if (!Terminal.stdout()) {
        table.next(look(client));
        Thread.sleep(FIRST);
        System.out.print(StatsTable.table(order.sort(table.next(look(client)))));
      } else {
        watch(client);
      }
    }
    return 0;
  }

  private static FigureApi.Stats look(Client client) throws BangerException {
    return client.call(FigureApi.STATS, new FigureApi.Names(List.of()));
  }

  /** Whatever ends it, the terminal is as it was before. */
  private void watch(Client client) throws BangerException, InterruptedException {
    String saved = Terminal.raw();
    Thread restore = new Thread(() -> leave(saved));
    Runtime.getRuntime().addShutdownHook(restore);
    try {
      System.out.print(ENTER);
      Thread.ofPlatform().daemon().name("keys").start(this::readKeys);
      Signals.on("WINCH", () -> keys.add(RESIZED));
      refreshUntilQuit(client);
    } finally {
      Runtime.getRuntime().removeShutdownHook(restore);
      leave(saved);
    }
  }

  private static void leave(@Nullable String saved) {
    System.out.print(LEAVE);
    System.out.flush();
    if (saved != null) {
      Terminal.restore(saved);
    }
  }

  private void readKeys() {
    try (InputStream terminal = new FileInputStream("/dev/tty")) {
      for (int key = terminal.read(); key >= 0; key = terminal.read()) {
        keys.add(key);
      }
    } catch (IOException _) {
      // Without keys ctrl-C still ends it: it is a signal then.
    }
  }

  private void refreshUntilQuit(Client client) throws BangerException, InterruptedException {
    Terminal.Size size = Terminal.size();
    List<Rates> rates = table.next(look(client));
    Duration pause = FIRST;
    while (true) {
      System.out.print(new TopScreen(rates, order, size).draw());
      System.out.flush();
      long next = System.nanoTime() + pause.toNanos();
      Integer key = keys.poll(next - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (key == null) {
        rates = table.next(look(client));
        pause = REFRESH;
        continue;
      }
      switch (key.intValue()) {
        case 'q', 'Q', CONTROL_C -> {
          return;
        }
        case 'c' -> order = TopScreen.Order.CPU;
        case 'm' -> order = TopScreen.Order.MEMORY;
        case RESIZED -> size = Terminal.size();
        default -> {}
      }
    }
  }
}
