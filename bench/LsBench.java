import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Times two commands in turn, output thrown away; prints a table and writes JSON. */
final class LsBench {
  private LsBench() {}

  public static void main(String[] arguments) throws Exception {
    Path here = Path.of(arguments[0]);
    int rounds = Integer.parseInt(arguments[1]);
    List<String> banger = List.of(here.resolve("banger").toString(), "vm", "ls");
    List<String> virsh = List.of("virsh", "-c", "qemu:///system", "list");
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    for (int i = -2; i < rounds; i++) {
      double a = time(banger);
      double b = time(virsh);
      if (i >= 0) {
        ours.add(a);
        theirs.add(b);
      }
    }
    double ratio = median(ours) / median(theirs);
    System.out.println("| command | median ms | range ms |\n|---|---|---|");
    System.out.println(row("banger vm ls", ours));
    System.out.println(row("virsh list", theirs));
    System.out.printf(Locale.ROOT, "ratio %.2f, %d rounds, interleaved%n", ratio, rounds);
    Path json = here.resolve("target/bench-ls.json");
    Files.writeString(
        json,
        String.format(
            Locale.ROOT,
            "{\"rounds\":%d,\"bangerVmLsMillis\":%s,\"virshListMillis\":%s,\"ratio\":%.3f}%n",
            rounds, ours, theirs, ratio));
    System.out.println("written to " + json);
  }

  private static String row(String name, List<Double> times) {
    List<Double> sorted = times.stream().sorted().toList();
    return String.format(
        Locale.ROOT,
        "| %s | %.0f | %.0f-%.0f |",
        name, median(times), sorted.getFirst(), sorted.getLast());
  }

  private static double median(List<Double> times) {
    List<Double> sorted = times.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static double time(List<String> command) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    process.getOutputStream().close();
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed");
    }
    return (System.nanoTime() - begun) / 1e6;
  }
}
