package dev.banger.cli;

import dev.banger.api.EgressApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "egress",
    description =
        "Show where a VM may connect to, where it wanted to, and an --egress list that would let it",
    generateHelp = true)
final class NetworkEgress extends ClientCommand {
  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Override
  int run() throws BangerException, InterruptedException {
    EgressApi.Report report;
    try (Client client = connect()) {
      report = client.call(EgressApi.EGRESS, new EgressApi.Of(vm));
    }
    if (json) {
      printJson(report);
    } else {
      System.out.print(text(report));
    }
    return 0;
  }

  static String text(EgressApi.Report report) {
    StringBuilder text = new StringBuilder();
    text.append("egress: ").append(report.egress()).append('\n');
    text.append("mode: ").append(report.mode()).append('\n');
    if (!report.destinations().isEmpty()) {
      Table table =
          new Table("DESTINATION", "PORT", "COUNT", "FIRST", "LAST", "RULES SAY", "NAMES");
      for (EgressApi.Destination one : report.destinations()) {
        table.row(
            one.address(),
            port(one),
            Long.toString(one.count()),
            time(one.firstMillis()),
            time(one.lastMillis()),
            one.listed() ? "listed" : one.passes() ? "passes, not listed" : "refused",
            names(one.names()));
      }
      text.append('\n').append(table);
    }
    if (!report.names().isEmpty()) {
      Table table = new Table("ASKED FOR", "COUNT", "FIRST", "LAST", "RULES SAY");
      for (EgressApi.AskedName one : report.names()) {
        table.row(
            one.name(),
            Long.toString(one.count()),
            time(one.firstMillis()),
            time(one.lastMillis()),
            one.resolves() ? "resolves" : "refused");
      }
      text.append('\n').append(table);
    }
    if (!report.suggestion().equals(report.egress())) {
      text.append("\nto let all of it pass: --egress ").append(report.suggestion()).append('\n');
    }
    return text.toString();
  }

  private static String port(EgressApi.Destination one) {
    Integer port = one.port();
    return port == null ? one.protocol() : port + "/" + one.protocol();
  }

  private static String names(List<String> names) {
    return names.isEmpty() ? "-" : String.join(" ", names.subList(0, Math.min(3, names.size())));
  }

  private static String time(@Nullable Long millis) {
    String time = Facts.time(millis);
    return time == null ? "-" : time;
  }
}
