package dev.banger.cli;

import dev.banger.api.NetworkApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import java.time.Duration;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "show", description = "Show one VM", generateHelp = true)
final class VmShow extends ClientCommand {
  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  private static final int CONSOLE_LINES = 10;

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      VmApi.View view = client.call(VmApi.SHOW, new VmApi.Ref(vm));
      if (json) {
        printJson(view);
      } else {
        System.out.print(text(view) + lastWords(client, view));
      }
      return 0;
    }
  }

  /** The end of the console, when it may tell what went wrong. */
  private static String lastWords(Client client, VmApi.View view) throws BangerException {
    if (!List.of("failed", "unresponsive").contains(view.state())) {
      return "";
    }
    String lines =
        client.call(VmApi.LOGS, new VmApi.Logs(view.id(), "console", CONSOLE_LINES)).text();
    return lines.isBlank() ? "" : "console, its last lines:\n" + lines.indent(2);
  }

  static String text(VmApi.View vm) {
    Facts text = new Facts();
    text.line("name", vm.name());
    text.line("id", vm.id());
    text.line("state", vm.state() + " since " + Facts.time(vm.since()));
    text.line("reason", vm.reason());
    text.line("image", vm.image());
    text.line("kernel", vm.kernel());
    VmApi.Shape now = vm.running();
    text.line(
        "cpus",
        both(Integer.toString(vm.cpus()), now == null ? null : Integer.toString(now.cpus())));
    text.line(
        "memory", both(Human.size(vm.memory()), now == null ? null : Human.size(now.memory())));
    text.line("disk", both(Human.size(vm.disk()), now == null ? null : Human.size(now.disk())));
    text.line("init mode", vm.initMode());
    network(text, vm.network());
    network(text, vm.userNetwork());
    text.line("accelerator", vm.accelerator());
    text.line("process", vm.pid());
    text.line("created", Facts.time(vm.createdAt()));
    text.line("started", Facts.time(vm.startedAt()));
    text.line("stopped", Facts.time(vm.stoppedAt()));
    policies(text, vm.policies());
    vm.labels().forEach((key, value) -> text.line("label", key + "=" + value));
    vm.env().forEach(pair -> text.line("env", pair));
    text.lines("publishes", vm.published());
    text.lines("exposes", vm.ports()).lines("volume", vm.volumes());
    return text.toString();
  }

  private static void network(Facts text, NetworkApi.@Nullable Card network) {
    if (network != null) {
      text.lines("address", network.addresses());
      text.line("network", network.network());
      text.line("nat", network.nat() ? "on" : "off");
      boolean enforced = network.egressMode().equals("enforce");
      text.line("egress", network.egress() + (enforced ? "" : " (" + network.egressMode() + ")"));
    }
  }

  private static void network(Facts text, NetworkApi.@Nullable User network) {
    if (network != null) {
      text.line("address", network.address());
      String by = network.by();
      text.line(
          "network",
          by == null
              ? "user"
              : by.equals("qemu")
                  ? "user, by qemu: 10.0.2.2 is this host's loopback to it"
                  : "user, by " + by);
    }
  }

  /** What it has while it runs, and what it gets at its next start if that is something else. */
  private static String both(String configured, @Nullable String running) {
    return running == null || running.equals(configured)
        ? configured
        : running + " (" + configured + " at its next start)";
  }

  private static void policies(Facts text, VmApi.Policies policies) {
    if (!policies.restart().equals("no")) {
      text.line("restart", policies.restart());
      text.line("restarts", policies.restarts());
    }
    text.line("restart at", Facts.time(policies.restartAt()));
    text.line("expires", Facts.time(policies.expiresAt()));
    Long idle = policies.idleStopMillis();
    text.line("idle stop", idle == null ? null : Durations.text(Duration.ofMillis(idle)));
  }
}
