package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.KernelApi;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(name = "pull", description = "Fetch the newest kernel", generateHelp = true)
final class KernelPull extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      OperationApi.Begun begun = client.call(KernelApi.PULL_BEGIN, new DaemonApi.Nothing());
      OperationApi.Status end = Operations.await(client, begun.operation());
      return tell(end, end.subject());
    }
  }
}
