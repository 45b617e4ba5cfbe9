package dev.banger.cli;

import dev.banger.api.PortApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "publish",
    description =
        "Publish ports of a VM on this host, at once if it runs: VM 8080:80, 127.0.0.1:8080:80/udp,"
            + " 8000-8010:80-90, or 80 for any free port; without an address on 127.0.0.1 only,"
            + " 0.0.0.0:8080:80 opens it to the network",
    generateHelp = true)
final class VmPublish extends ClientCommand {
  @Arguments(required = true, paramLabel = "VM SPEC", description = "VM SPEC...: as web 8080:80")
  @Nullable List<String> words;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    List<String> given = words == null ? List.of() : words;
    if (given.size() < 2) {
      throw new UsageException("there is no port to publish", "write VM SPEC, as web 8080:80");
    }
    PortApi.Published published;
    try (Client client = connect()) {
      published =
          client.call(
              PortApi.PUBLISH,
              new PortApi.Publish(given.getFirst(), given.subList(1, given.size())));
    }
    if (json) {
      printJson(published);
    } else {
      published.publications().forEach(one -> System.out.println(line(one)));
    }
    return 0;
  }

  /** {@code 127.0.0.1:8080 -> 80/tcp}. */
  static String line(PortApi.Publication one) {
    String address = one.hostAddress();
    String host = address.indexOf(':') < 0 ? address : "[" + address + "]";
    return host + ":" + one.hostPort() + " -> " + one.guestPort() + "/" + one.protocol();
  }
}
