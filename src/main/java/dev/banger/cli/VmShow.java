package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.time.Instant;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "show", description = "Show one VM", generateHelp = true)
final class VmShow extends ClientCommand {
  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Override
  int run() throws BangerException, InterruptedException {
    VmApi.View view;
    try (Client client = connect()) {
      view = client.call(VmApi.SHOW, new VmApi.Ref(vm));
    }
    if (json) {
      printJson(view);
    } else {
      System.out.print(text(view));
    }
    return 0;
  }

  static String text(VmApi.View vm) {
    StringBuilder text = new StringBuilder();
    line(text, "name", vm.name());
    line(text, "id", vm.id());
    line(text, "state", vm.state());
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

  private static @Nullable String time(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochSecond(millis / 1000).toString();
  }

  private static void line(StringBuilder text, String name, @Nullable Object value) {
    if (value != null) {
      text.append(name).repeat(' ', 13 - name.length()).append(value).append('\n');
    }
  }
}
