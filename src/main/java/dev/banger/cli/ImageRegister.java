package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
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

  @Option(name = "kernel", description = "The kernel that its VMs boot, else the newest")
  @Nullable String kernel;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    ImageApi.Register wish =
        new ImageApi.Register(reference, OptionValues.file("--rootfs", rootfs), kernel);
    try (Client client = connect()) {
      OperationApi.Begun begun = client.call(ImageApi.REGISTER_BEGIN, wish);
      OperationApi.Status end = Operations.await(client, begun.operation());
      if (json) {
        printJson(end);
      } else {
        System.out.println(end.subject());
      }
      return 0;
    }
  }
}
