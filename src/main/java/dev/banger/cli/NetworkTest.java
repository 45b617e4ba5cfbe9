package dev.banger.cli;

import dev.banger.api.EgressApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "test",
    description =
        "Try from inside a VM what it reaches: names, the host, other VMs, the internet, each of its"
            + " egress rules, and targets; exit status 1 when something is not as its rules say",
    generateHelp = true)
final class NetworkTest extends ClientCommand {
  @Arguments(
      required = true,
      paramLabel = "VM TARGET",
      description = "VM: name, id or its beginning; TARGET: example.org:443, [fd00::1]:22")
  @Nullable List<String> words;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    List<String> all = words == null ? List.of() : new ArrayList<>(words);
    if (all.isEmpty()) {
      throw new UsageException("no VM is named", "banger network test VM [TARGET...]");
    }
    EgressApi.Tested tested;
    try (Client client = connect()) {
      tested =
          client.call(
              EgressApi.TEST,
              new EgressApi.Test(all.getFirst(), List.copyOf(all.subList(1, all.size()))));
    }
    if (json) {
      printJson(tested);
    } else {
      System.out.print(text(tested));
    }
    return tested.asExpected() ? 0 : Cli.FAILED;
  }

  static String text(EgressApi.Tested tested) {
    Table table = new Table("TARGET", "EXPECTED", "FOUND", "MS", "");
    for (EgressApi.Probe probe : tested.probes()) {
      table.row(
          probe.target(),
          probe.expected(),
          probe.found(),
          probe.found().equals("not-tried")
              ? "-"
              : String.format(Locale.ROOT, "%.1f", probe.millis()),
          (probe.asExpected() ? "" : "DIFFERS ") + probe.note());
    }
    return table.toString();
  }
}
