package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "kill", description = "End VMs at once", generateHelp = true)
final class VmKill extends EachVm {
  @Option(shortName = 's', description = "Signal for the VMM; KILL when missing")
  @Nullable String signal;

  @Override
  VmApi.@Nullable View apply(Client client, String vm) throws BangerException {
    return client.call(VmApi.KILL, new VmApi.Kill(vm, signal));
  }
}
