package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import java.nio.file.Path;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "register",
    description = "Make an image of a root file system that is here",
    generateHelp = true)
final class ImageRegister extends ClientCommand {
  @Argument(required = true, paramLabel = "NAME:TAG", description = "NAME:TAG: what it is called")
  String reference = "";

  @Option(name = "rootfs", required = true, description = "A file that holds an ext4; it is copied")
  String rootfs = "";

  @Option(name = "kernel", description = "What its VMs boot, else the newest; with a / a file")
  @Nullable String kernel;

  @Option(name = "modules", description = "lib/modules/RELEASE of the kernel's file")
  @Nullable String modules;

  @Option(name = "initrd", description = "A cpio archive for the kernel's file")
  @Nullable String initrd;

  @Option(name = "seed", description = "A directory that the homes of its VMs begin with")
  @Nullable String seed;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    String root = OptionValues.file("--rootfs", rootfs);
    boolean file = kernel != null && kernel.contains("/");
    if (!file && (modules != null || initrd != null)) {
      throw new UsageException("--modules and --initrd belong to a kernel's file", "--kernel FILE");
    }
    Path home = seed == null ? null : ImageSeed.source(seed);
    try (Client client = connect()) {
      String boots =
          file && kernel != null
              ? KernelRegister.register(client, kernel, modules, initrd).kernel()
              : kernel;
      ImageApi.Register wish = new ImageApi.Register(reference, root, boots);
      OperationApi.Begun begun = client.call(ImageApi.REGISTER_BEGIN, wish);
      OperationApi.Status end = Operations.await(client, begun.operation());
      if (home != null) {
        try (Client filling = connect()) {
          ImageSeed.fill(filling, reference, home);
        }
      }
      return tell(end, end.subject());
    }
  }
}
