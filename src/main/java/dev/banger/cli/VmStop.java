package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "stop",
    description = "Ask VMs to end; kill them after a limit",
    generateHelp = true)
final class VmStop extends EachVm {
  @Option(description = "Seconds to wait for the guest; the daemon's standard when missing")
  @Nullable Integer timeout;

  @Option(
      shortName = 'f',
      hasValue = false,
      description = "Do not ask; cancel what is at work on the VM")
  boolean force;

  @Override
  void check() throws UsageException {
    if (timeout != null && timeout < 1) {
      throw new UsageException(
          "a timeout is at least one second, not " + timeout, "or use --force");
    }
  }

  @Override
  VmApi.@Nullable View apply(Client client, String vm) throws BangerException {
    long millis = timeout == null ? 0 : timeout * 1000L;
    return client.call(VmApi.STOP, new VmApi.Stop(vm, millis, force), (method, params) -> {});
  }
}
