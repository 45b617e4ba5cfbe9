package dev.banger.cli;

import dev.banger.api.FigureApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "ping",
    description = "Measure the way to the guest's agent and back",
    generateHelp = true)
final class VmPing extends ClientCommand {
  private static final int MOST = 100_000;
  private static final Duration PAUSE = Duration.ofMillis(500);

  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(
      name = "count",
      shortName = 'c',
      defaultValue = "4",
      description = "How many times; 4 when missing")
  int count;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (count < 1 || count > MOST) {
      throw new UsageException(
          "a VM is not pinged " + count + " times", "write a number from 1 to " + MOST);
    }
    List<Long> micros = new ArrayList<>();
    try (Client client = connect()) {
      for (int i = 0; i < count; i++) {
        if (i > 0) {
          Thread.sleep(PAUSE);
        }
        long took = client.call(FigureApi.PING, new VmApi.Ref(vm)).roundTripMicros();
        micros.add(took);
        if (!json) {
          System.out.println(vm + ": " + millis(took));
        }
      }
    }
    LongSummaryStatistics all = micros.stream().mapToLong(Long::longValue).summaryStatistics();
    if (json) {
      printJson(
          new FigureApi.Pings(
              vm, micros, all.getMin(), Math.round(all.getAverage()), all.getMax()));
    } else {
      System.out.println(
          "min/avg/max "
              + millis(all.getMin())
              + " / "
              + millis(Math.round(all.getAverage()))
              + " / "
              + millis(all.getMax()));
    }
    return 0;
  }

  private static String millis(long micros) {
    return String.format(Locale.ROOT, "%.2f ms", micros / 1000.0);
  }
}
