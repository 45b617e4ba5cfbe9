package dev.banger.cli;

import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

/** Starts each VM named. */
abstract class EachStart extends EachVm {
  @Option(name = "wait-system", hasValue = false, description = "Wait for the image's init, too")
  boolean waitSystem;

  @Option(
      name = "wait",
      optionalValue = true,
      fallbackValue = OptionValues.WAIT,
      description = OptionValues.WAIT_DESCRIPTION)
  @Nullable String wait;

  private @Nullable Long waitMillis;

  /** What starts one. */
  abstract Method<VmApi.Start, OperationApi.Begun> method();

  @Override
  final void check() throws UsageException {
    waitMillis = OptionValues.millis("--wait", wait);
  }

  @Override
  final VmApi.@Nullable View apply(Client client, String vm) throws BangerException {
    Operations.await(
        client, client.call(method(), new VmApi.Start(vm, waitSystem, waitMillis)).operation());
    return client.call(VmApi.SHOW, new VmApi.Ref(vm));
  }
}
