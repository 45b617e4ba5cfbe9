package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import java.time.Duration;
import java.time.Instant;
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
    StringBuilder text = new StringBuilder();
    line(text, "name", vm.name());
    line(text, "id", vm.id());
    line(text, "state", vm.state() + " since " + time(vm.since()));
    line(text, "reason", vm.reason());
    line(text, "image", vm.image());
    line(text, "kernel", vm.kernel());
    VmApi.Shape now = vm.running();
    line(
        text,
        "cpus",
        both(Integer.toString(vm.cpus()), now == null ? null : Integer.toString(now.cpus())));
    line(
        text,
        "memory",
        both(Human.size(vm.memory()), now == null ? null : Human.size(now.memory())));
    line(text, "disk", both(Human.size(vm.disk()), now == null ? null : Human.size(now.disk())));
    line(text, "init mode", vm.initMode());
    line(text, "address", vm.address());
    line(text, "accelerator", vm.accelerator());
    line(text, "process", vm.pid());
    line(text, "created", time(vm.createdAt()));
    line(text, "started", time(vm.startedAt()));
    line(text, "stopped", time(vm.stoppedAt()));
    policies(text, vm.policies());
    vm.labels().forEach((key, value) -> line(text, "label", key + "=" + value));
    vm.env().forEach(pair -> line(text, "env", pair));
    return text.toString();
  }

  /** What it has while it runs, and what it gets at its next start if that is something else. */
  private static String both(String configured, @Nullable String running) {
    return running == null || running.equals(configured)
        ? configured
        : running + " (" + configured + " at its next start)";
  }

  private static void policies(StringBuilder text, VmApi.Policies policies) {
    if (!policies.restart().equals("no")) {
      line(text, "restart", policies.restart());
      line(text, "restarts", policies.restarts());
    }
    line(text, "restart at", time(policies.restartAt()));
    line(text, "expires", time(policies.expiresAt()));
    Long idle = policies.idleStopMillis();
    line(text, "idle stop", idle == null ? null : Durations.text(Duration.ofMillis(idle)));
  }

  private static @Nullable String time(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochSecond(millis / 1000).toString();
  }

  private static void line(StringBuilder text, String name, @Nullable Object value) {
    if (value != null) {
      text.append(name).repeat(' ', 13 - name.length()).append(value).append('\n');
    }
  }
}
