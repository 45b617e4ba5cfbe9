package dev.banger.cli;

import dev.banger.api.KernelApi;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import dev.banger.rpc.Wire;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "register",
    description = "Make a kernel of files that are here; VMs boot it where it is named",
    generateHelp = true)
final class KernelRegister extends ClientCommand {
  @Argument(required = true, paramLabel = "FILE", description = "FILE: a vmlinuz or a vmlinux")
  String file = "";

  @Option(name = "modules", description = "Its lib/modules/RELEASE, unless all is built in")
  @Nullable String modules;

  @Option(name = "initrd", description = "A cpio archive, unpacked before banger's own")
  @Nullable String initrd;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    try (Client client = connect()) {
      KernelApi.View kernel = register(client, file, modules, initrd);
      if (json) {
        printJson(kernel);
      } else {
        System.out.println(kernel.kernel());
      }
      return 0;
    }
  }

  static KernelApi.View register(
      Client client, String file, @Nullable String modules, @Nullable String initrd)
      throws BangerException, UsageException {
    KernelApi.Register wish =
        new KernelApi.Register(
            OptionValues.file("FILE", file),
            modules == null ? null : OptionValues.file("--modules", modules),
            initrd == null ? null : OptionValues.file("--initrd", initrd));
    OperationApi.Begun begun = client.call(KernelApi.REGISTER_BEGIN, wish);
    OperationApi.Status end = Operations.await(client, begun.operation());
    return Wire.json().type(KernelApi.View.class).fromJson(String.valueOf(end.result()));
  }
}
