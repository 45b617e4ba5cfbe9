package dev.banger.cli;

import dev.banger.api.PortApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "unpublish",
    description =
        "End publications of a VM and what goes through them: VM 8080:80, or 80 for all of its port"
            + " 80 (else of the host's)",
    generateHelp = true)
final class VmUnpublish extends ClientCommand {
  @Arguments(required = true, paramLabel = "VM SPEC", description = "VM SPEC...: as web 8080:80")
  @Nullable List<String> words;

  @Option(shortName = 'a', hasValue = false, description = "All of its publications")
  boolean all;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    List<String> given = words == null ? List.of() : words;
    if (given.isEmpty() || (given.size() < 2) != all) {
      throw new UsageException(
          all ? "--all and single ports exclude each other" : "there is no port to unpublish",
          "write VM SPEC, as web 8080:80, or VM --all");
    }
    PortApi.Published ended;
    try (Client client = connect()) {
      ended =
          client.call(
              PortApi.UNPUBLISH,
              new PortApi.Unpublish(given.getFirst(), given.subList(1, given.size()), all));
    }
    if (json) {
      printJson(ended);
    } else {
      ended.publications().forEach(one -> System.out.println(VmPublish.line(one)));
    }
    return 0;
  }
}
