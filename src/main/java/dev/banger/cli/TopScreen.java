package dev.banger.cli;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** One picture of {@code vm top}: as many lines as the terminal has, none longer than its width. */
final class TopScreen {
  /** What the first VM is the first by. */
  enum Order {
    CPU,
    MEMORY;

    List<Rates> sort(List<Rates> vms) {
      ToDoubleFunction<Rates> by =
          switch (this) {
            case CPU -> Rates::cpuPercent;
            case MEMORY -> Rates::hostMemory;
          };
      return vms.stream()
          .sorted(Comparator.comparingDouble(by).reversed().thenComparing(vm -> vm.now().name()))
          .toList();
    }
  }

  private static final String HOME = "\033[H";
  private static final String ERASE_LINE = "\033[K";
  private static final String ERASE_REST = "\033[J";
  private static final String REVERSE = "\033[7m";
  private static final String PLAIN = "\033[0m";
  private static final String NEW_LINE = "\r\n";

  /** The two lines above the table's own, an empty one and the keys. */
  private static final int HEADING = 2;

  private final List<Rates> vms;
  private final Order order;
  private final Terminal.Size size;

  TopScreen(List<Rates> vms, Order order, Terminal.Size size) {
    this.vms = vms;
    this.order = order;
    this.size = size;
  }

  /** Drawn over the picture before, so that nothing flickers. */
  String draw() {
    StringBuilder screen = new StringBuilder(HOME);
    line(screen, summary());
    line(screen, "");
    List<String> table = StatsTable.table(order.sort(vms)).toString().lines().toList();
    screen.append(REVERSE).append(padded(table.getFirst())).append(PLAIN);
    int room = Math.max(0, size.rows() - HEADING - 1);
    List<String> rows = table.subList(1, table.size());
    boolean all = rows.size() <= room;
    for (String row : rows.subList(0, all ? rows.size() : Math.max(0, room - 1))) {
      screen.append(NEW_LINE).append(cut(row)).append(ERASE_LINE);
    }
    if (!all) {
      int left = rows.size() - Math.max(0, room - 1);
      screen.append(NEW_LINE).append(cut("... and " + left + " more")).append(ERASE_LINE);
    }
    return screen.append(ERASE_REST).toString();
  }

  private String summary() {
    double cpu = vms.stream().mapToDouble(vm -> Math.max(0, vm.cpuPercent())).sum();
    long memory = vms.stream().mapToLong(vm -> Math.max(0, vm.hostMemory())).sum();
    String figures =
        String.format(
            Locale.ROOT,
            "%d %s running, CPU %.0f %%, host memory %s",
            vms.size(),
            vms.size() == 1 ? "VM" : "VMs",
            cpu,
            Human.size(memory));
    return figures
        + "   by "
        + order.name().toLowerCase(Locale.ROOT)
        + "   keys: c cpu, m memory, q quit";
  }

  private void line(StringBuilder screen, String text) {
    screen.append(cut(text)).append(ERASE_LINE).append(NEW_LINE);
  }

  private String cut(String text) {
    return text.length() <= size.columns() ? text : text.substring(0, size.columns());
  }

  private String padded(String text) {
    String line = cut(text);
    return line + " ".repeat(Math.max(0, size.columns() - line.length()));
  }
}
