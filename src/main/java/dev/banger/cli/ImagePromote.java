package dev.banger.cli;

import dev.banger.api.OperationApi;
import dev.banger.api.PromoteApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "promote",
    description = "Make an image of a stopped VM's disk",
    generateHelp = true)
final class ImagePromote extends ClientCommand {
  @Arguments(paramLabel = "VM NAME:TAG", description = "The VM, and what the image is called")
  @Nullable List<String> words;

  @Option(
      name = "scrub",
      hasValue = false,
      description = "Without machine id, SSH host keys, logs, histories and keys")
  boolean scrub;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (words == null || words.size() != 2) {
      throw new UsageException("a VM and a name are needed", "banger image promote VM NAME:TAG");
    }
    PromoteApi.Promote wish = new PromoteApi.Promote(words.getFirst(), words.getLast(), scrub);
    try (Client client = connect()) {
      OperationApi.Begun begun = client.call(PromoteApi.BEGIN, wish);
      OperationApi.Status end = Operations.await(client, begun.operation());
      return tell(end, words.getLast());
    }
  }
}
