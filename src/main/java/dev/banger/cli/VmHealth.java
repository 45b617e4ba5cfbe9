package dev.banger.cli;

import dev.banger.api.FigureApi;
import dev.banger.model.BangerException;
import java.util.List;
import java.util.Locale;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "health",
    description = "Say what is good and bad about VMs: all that run, or those named",
    generateHelp = true)
final class VmHealth extends ClientCommand {
  static final String FAIL = "fail";

  @Arguments(paramLabel = "VM", description = "VM: name, id or its beginning")
  @Nullable List<String> vms;

  @Override
  int run() throws BangerException, InterruptedException {
    FigureApi.Health health;
    try (Client client = connect()) {
      health = client.call(FigureApi.HEALTH, new FigureApi.Names(vms == null ? List.of() : vms));
    }
    if (json) {
      printJson(health);
    } else {
      health.vms().forEach(VmHealth::print);
    }
    return health.vms().stream().anyMatch(vm -> vm.level().equals(FAIL)) ? Cli.FAILED : 0;
  }

  private static void print(FigureApi.VmHealth vm) {
    System.out.println(vm.name() + ": " + vm.level());
    for (FigureApi.Check check : vm.checks()) {
      System.out.printf(Locale.ROOT, "  %-5s %s: %s%n", check.level(), check.name(), check.found());
      if (!check.cure().isEmpty()) {
        System.out.println("        cure: " + check.cure());
      }
    }
  }
}
