package dev.banger.cli;

import dev.banger.api.PortApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "ports",
    description =
        "Show who listens in VMs, and where it is published: all that run, or those named",
    generateHelp = true)
final class VmPorts extends ClientCommand {
  private static final String NONE = "-";

  @Arguments(paramLabel = "VM", description = "VM: name, id or its beginning")
  @Nullable List<String> vms;

  @Override
  int run() throws BangerException, InterruptedException {
    PortApi.Ports ports;
    try (Client client = connect()) {
      ports = client.call(PortApi.PORTS, new PortApi.Names(vms == null ? List.of() : vms));
    }
    if (json) {
      printJson(ports);
    } else {
      System.out.print(text(ports));
    }
    return 0;
  }

  static String text(PortApi.Ports ports) {
    boolean many = ports.vms().size() > 1;
    Table table =
        many
            ? new Table("VM", "PROTO", "ADDRESS", "PORT", "PROCESS", "PUBLISHED")
            : new Table("PROTO", "ADDRESS", "PORT", "PROCESS", "PUBLISHED");
    StringBuilder notes = new StringBuilder();
    for (PortApi.VmPorts vm : ports.vms()) {
      for (List<String> row : rows(vm)) {
        List<String> cells = new ArrayList<>(row);
        if (many) {
          cells.addFirst(vm.name());
        }
        table.row(cells.toArray(String[]::new));
      }
      notes(vm).forEach(note -> notes.append(vm.name()).append(": ").append(note).append('\n'));
    }
    return table + notes.toString();
  }

  private static List<List<String>> rows(PortApi.VmPorts vm) {
    List<List<String>> rows = new ArrayList<>();
    for (PortApi.Listener one : vm.listening()) {
      String process = one.process();
      rows.add(
          List.of(
              one.protocol(),
              one.address(),
              Integer.toString(one.port()),
              process == null ? NONE : process + (one.pid() == null ? "" : " (" + one.pid() + ")"),
              one.published().isEmpty() ? NONE : String.join(" ", one.published())));
    }
    for (PortApi.Publication one : vm.publications()) {
      if (vm.listening().stream().noneMatch(listener -> isFor(one, listener))) {
        rows.add(
            List.of(one.protocol(), NONE, Integer.toString(one.guestPort()), NONE, published(one)));
      }
    }
    return rows;
  }

  private static boolean isFor(PortApi.Publication one, PortApi.Listener listener) {
    return one.protocol().equals(listener.protocol())
        && one.guestPort() == listener.port()
        && one.state().equals("open");
  }

  private static String published(PortApi.Publication one) {
    String line = VmPublish.line(one);
    String host = line.substring(0, line.indexOf(' '));
    return one.state().equals("open") ? host : host + " (" + one.state() + ")";
  }

  private static List<String> notes(PortApi.VmPorts vm) {
    List<String> notes = new ArrayList<>();
    if (vm.guestMissing() != null) {
      notes.add("who listens in the guest is not known: " + vm.guestMissing());
    }
    for (PortApi.Publication one : vm.publications()) {
      if (one.problem() != null) {
        notes.add(one.problem() + "; it is tried again");
      }
    }
    for (PortApi.Own own : vm.own()) {
      if (!own.open()) {
        notes.add(
            "not on its own address "
                + vm.address()
                + ", port "
                + own.port()
                + ": "
                + own.problem());
      }
    }
    return notes;
  }
}
