package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.time.Duration;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "delete",
    aliases = {"rm"},
    description = "Remove VMs and their disks",
    generateHelp = true)
final class VmDelete extends EachVm {
  private static final Duration NOTICE = Duration.ofSeconds(1);

  @Option(
      shortName = 'f',
      hasValue = false,
      description = "Even when it runs; cancel what is at work on it")
  boolean force;

  @Override
  VmApi.@Nullable View apply(Client client, String vm) throws BangerException {
    try (SlowNotice _ =
        new SlowNotice(ProgressView.standard(), "vm.delete " + vm + ": remove", NOTICE)) {
      client.call(VmApi.DELETE, new VmApi.Delete(vm, force));
    }
    return null;
  }
}
