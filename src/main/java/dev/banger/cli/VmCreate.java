package dev.banger.cli;

import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "create", description = "Create a VM", generateHelp = true)
final class VmCreate extends VmOptions {
  @Argument(paramLabel = "NAME", description = "Its name, as --name")
  @Nullable String nameArgument;

  @Option(name = "start", hasValue = false, description = "Start it, too")
  boolean start;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (nameArgument != null && name != null) {
      throw new UsageException("the name is given twice", "leave one of them out");
    }
    name = nameArgument != null ? nameArgument : name;
    VmApi.Create request = create(null, "auto", start);
    try (Client client = connect()) {
      VmApi.CreateBegun begun = client.call(VmApi.CREATE_BEGIN, request);
      OperationApi.Status end = Operations.await(client, begun.operation());
      String warning = begun.warning();
      if (warning != null && Terminal.stderr() && !json) {
        System.err.println("note: " + warning);
      }
      return tell(end, begun.name());
    }
  }
}
