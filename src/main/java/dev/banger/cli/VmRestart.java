package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "restart", description = "Stop and start VMs", generateHelp = true)
final class VmRestart extends EachVm {
  @Option(name = "wait-system", hasValue = false, description = "Wait for the image's init, too")
  boolean waitSystem;

  @Option(
      name = "wait",
      optionalValue = true,
      fallbackValue = WaitOption.STANDARD,
      description = WaitOption.DESCRIPTION)
  @Nullable String wait;

  private @Nullable Long waitMillis;

  @Override
  void check() throws UsageException {
    waitMillis = WaitOption.millis(wait);
  }

  @Override
  VmApi.@Nullable View apply(Client client, String vm) throws BangerException {
    Operations.await(
        client,
        client.call(VmApi.RESTART_BEGIN, new VmApi.Start(vm, waitSystem, waitMillis)).operation());
    return client.call(VmApi.SHOW, new VmApi.Ref(vm));
  }
}
