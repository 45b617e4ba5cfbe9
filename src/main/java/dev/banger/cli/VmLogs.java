package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "logs", description = "Show a VM's console", generateHelp = true)
final class VmLogs extends ClientCommand {
  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(
      allowedValues = {"console", "vmm"},
      defaultValue = {"console"},
      description = "console, or vmm: what the VMM itself said")
  String source = "console";

  @Option(shortName = 'n', description = "The last so many lines; all when missing")
  @Nullable Integer lines;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (lines != null && lines < 1) {
      throw new UsageException("at least one line can be shown, not " + lines, "");
    }
    try (Client client = connect()) {
      VmApi.LogText log =
          client.call(VmApi.LOGS, new VmApi.Logs(vm, source, lines == null ? 0 : lines));
      if (json) {
        printJson(log);
      } else {
        System.out.print(log.text());
      }
      return 0;
    }
  }
}
