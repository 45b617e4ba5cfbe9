package dev.banger.cli;

import dev.banger.api.SetApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.aesh.command.option.OptionList;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "set",
    description = "Change a VM, all at once or not at all; a running one as far as it can",
    generateHelp = true)
final class VmSet extends ClientCommand {
  private static final String NONE = "none";

  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(description = "Number of virtual CPUs, from its next start on")
  @Nullable Integer cpus;

  @Option(description = "Memory, as 512M or 2G, from its next start on")
  @Nullable String memory;

  @Option(description = "Size of its disks, as 20G: they only grow, also while it runs")
  @Nullable String disk;

  @Option(description = "Restart policy: no, on-failure, on-failure:N or always")
  @Nullable String restart;

  @OptionList(
      name = "label",
      shortName = 'l',
      valueSeparator = '\u0001',
      description = "K=V, added or changed; may stand many times")
  @Nullable List<String> labels;

  @OptionList(
      name = "unlabel",
      valueSeparator = '\u0001',
      description = "K, a label that goes; may stand many times")
  @Nullable List<String> unlabel;

  @Option(description = "Delete it so long from now, as 2h; none: never")
  @Nullable String ttl;

  @Option(name = "idle-stop", description = "Stop it when unused for so long; none: never")
  @Nullable String idleStop;

  @Option(description = "Named network whose members see each other; none: it leaves its network")
  @Nullable String network;

  @Option(
      allowedValues = {"on", "off"},
      description = "Whether its packets leave under the host's address")
  @Nullable String nat;

  @OptionList(
      name = "egress",
      valueSeparator = '\u0001',
      description =
          "Where it may connect to: internet (all but private addresses), all, none, or a list of"
              + " 10.0.0.0/8, 10.1.2.3:5432/tcp, [fd00::1]:443, any:443, example.org:443 and"
              + " *.example.org, with commas or many times; it gets no other names then")
  @Nullable List<String> egress;

  @OptionList(
      name = "egress-add",
      valueSeparator = '\u0001',
      description = "Rules that join its list")
  @Nullable List<String> egressAdd;

  @OptionList(
      name = "egress-remove",
      valueSeparator = '\u0001',
      description = "Rules that leave its list, as they stand there")
  @Nullable List<String> egressRemove;

  @Option(
      name = "egress-mode",
      allowedValues = {"enforce", "audit", "learn"},
      description =
          "What becomes of the rest: enforce refuses it, audit lets it pass and notes it, learn notes"
              + " all; `banger network egress VM` shows it")
  @Nullable String egressMode;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    SetApi.Change change =
        new SetApi.Change(
            vm,
            OptionValues.cpus(cpus),
            OptionValues.size(memory),
            OptionValues.size(disk),
            OptionValues.restart(restart),
            OptionValues.pairs(labels),
            unlabel == null ? List.of() : unlabel,
            millisOrNone("--ttl", ttl),
            millisOrNone("--idle-stop", idleStop),
            OptionValues.network(
                null,
                nat,
                network,
                new OptionValues.Egress(egress, egressAdd, egressRemove, egressMode)));
    SetApi.Changed changed;
    try (Client client = connect()) {
      changed = client.call(SetApi.SET, change, (method, params) -> {});
    }
    if (json) {
      printJson(changed);
    } else {
      changed.fields().forEach(VmSet::print);
    }
    return 0;
  }

  private static @Nullable Long millisOrNone(String option, @Nullable String text)
      throws UsageException {
    return NONE.equals(text) ? Long.valueOf(0) : OptionValues.millis(option, text);
  }

  private static void print(SetApi.Field field) {
    String before = field.before().isEmpty() ? NONE : field.before();
    String after = field.after().isEmpty() ? NONE : field.after();
    System.out.println(
        switch (field.effect()) {
          case "unchanged" -> field.field() + ": " + after + ", as before";
          case "next-start" ->
              field.field()
                  + ": "
                  + before
                  + " -> "
                  + after
                  + " at its next start ("
                  + field.note()
                  + ")";
          default -> field.field() + ": " + before + " -> " + after;
        });
  }
}
