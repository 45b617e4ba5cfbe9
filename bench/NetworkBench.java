import dev.banger.config.NetworkSettings;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.VmNetworks;
import dev.banger.net.dns.Upstream;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.store.Database;
import dev.banger.store.AnswerTable;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Cards of VMs: lease, tap, neighbours and packet filter, until the filter knows the card; and all
 * of it taken away. Beside it the same tap and filter by ip(8) and nft(8), a process a step.
 */
final class NetworkBench {
  private static final String BRIDGE = "bangerbench";
  private static final String USUAL = "usualbench";

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]);
    int count = Integer.parseInt(arguments[1]);
    System.out.println("| what | 1st to 20th, ms | last 20, ms | all, ms |\n|---|---|---|---|");
    ours(home, count);
    usual(count);
  }

  private static void ours(Path home, int count) throws Exception {
    try (Database database = Database.open(home.resolve("banger.db"));
        LinuxNetwork host = LinuxNetwork.open()) {
      VmTable vms = new VmTable(database);
      VmNetworks networks =
          new VmNetworks(
              host,
              new LeaseTable(database),
              new AnswerTable(database),
              vms,
              new NetworkSettings(NetworkSettings.Mode.BRIDGE, BRIDGE, "10.126.0.0/20", 8, false, java.util.Optional.empty(), NetworkSettings.defaults().user()),
              home.toString(),
              new Upstream(Path.of("/etc/resolv.conf"), Clock.systemUTC()),
              Clock.systemUTC());
      networks.openInBackground();
      List<VmId> ids = new ArrayList<>();
      for (int i = 0; i < count + 40; i++) {
        VmId id = new VmId("%012x".formatted(i + 1));
        vms.insert(row(id, i));
        ids.add(id);
      }
      for (VmId id : ids.subList(count, count + 40)) { // warm
        networks.plug(id, 0).written().await();
        networks.unplug(id);
      }
      double[] made = new double[count];
      double[] gone = new double[count];
      for (int i = 0; i < count; i++) {
        long begin = System.nanoTime();
        networks.plug(ids.get(i), 0).written().await();
        made[i] = (System.nanoTime() - begin) / 1e6;
      }
      for (int i = 0; i < count; i++) {
        long begin = System.nanoTime();
        networks.unplug(ids.get(i));
        gone[i] = (System.nanoTime() - begin) / 1e6;
      }
      print("banger: a card made", made);
      print("banger: a card taken away", gone);
      networks.close();
    }
  }

  private static VmRow row(VmId id, int number) {
    return new VmRow(
        id,
        new VmName("vm-" + number),
        VmRow.Life.begun(Instant.now()),
        new VmRow.Source("none", "", ""),
        new VmRow.Shape(1, ByteSize.mib(128), ByteSize.gib(1)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of(),
        "bench",
        number + 1,
        Map.of());
  }

  private static void usual(int count) throws Exception {
    run("ip", "link", "add", USUAL, "type", "bridge");
    run("ip", "link", "set", USUAL, "up");
    run("nft", "add table inet " + USUAL + "; add chain inet " + USUAL
            + " forward { type filter hook forward priority 0; }; add set inet " + USUAL
            + " vms { type ifname . ipv4_addr; }");
    try {
      double[] made = new double[count];
      double[] gone = new double[count];
      for (int i = 0; i < count; i++) {
        String tap = "ub" + i;
        String element = "{ \"" + tap + "\" . 10.125." + i / 250 + "." + (i % 250 + 2) + " }";
        long begin = System.nanoTime();
        run("ip", "tuntap", "add", "dev", tap, "mode", "tap", "vnet_hdr");
        run("ip", "link", "set", tap, "master", USUAL, "up");
        run("nft", "add element inet " + USUAL + " vms " + element);
        made[i] = (System.nanoTime() - begin) / 1e6;
      }
      for (int i = 0; i < count; i++) {
        String tap = "ub" + i;
        String element = "{ \"" + tap + "\" . 10.125." + i / 250 + "." + (i % 250 + 2) + " }";
        long begin = System.nanoTime();
        run("nft", "delete element inet " + USUAL + " vms " + element);
        run("ip", "link", "delete", tap);
        gone[i] = (System.nanoTime() - begin) / 1e6;
      }
      print("ip and nft: tap and one element made", made);
      print("ip and nft: taken away", gone);
    } finally {
      run("nft", "delete table inet " + USUAL);
      run("ip", "link", "delete", USUAL);
    }
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command));
    }
  }

  private static void print(String what, double[] times) {
    System.out.printf(
        "| %s | %.2f | %.2f | %.2f |%n",
        what,
        median(Arrays.copyOfRange(times, 0, 20)),
        median(Arrays.copyOfRange(times, times.length - 20, times.length)),
        median(times));
  }

  private static double median(double[] times) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
