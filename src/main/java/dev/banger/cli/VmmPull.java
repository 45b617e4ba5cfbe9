package dev.banger.cli;

import dev.banger.api.OperationApi;
import dev.banger.api.VmmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "pull",
    description = "Install a release of Firecracker, with its jailer, from the configured catalog",
    generateHelp = true)
final class VmmPull extends ClientCommand {
  @Argument(description = "What to install: firecracker", required = true)
  @Nullable String vmm;

  @Option(description = "Its release, as 1.16.1; the newest that is listed when none is named")
  @Nullable String release;

  @Override
  int run() throws BangerException, InterruptedException {
    if (!"firecracker".equals(vmm)) {
      throw new BangerException(
          ErrorCode.INVALID, "there is no VMM '" + vmm + "' to install", "write firecracker");
    }
    try (Client client = connect()) {
      OperationApi.Begun begun =
          client.call(VmmApi.PULL_BEGIN, new VmmApi.Pull(release == null ? "" : release));
      OperationApi.Status end = Operations.await(client, begun.operation());
      return tell(end, end.subject());
    }
  }
}
