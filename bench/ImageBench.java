import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * From a registry on loopback to a disk that boots, in turn: banger, nothing cached, its daemon
 * running; skopeo copy, umoci unpack, mke2fs -d. And the floor: the layers decompressed to nowhere on
 * one core. Disk is what df counts at the most, memory the largest resident set of any process.
 */
final class ImageBench {
  private final Path here;
  private final Path work;
  private final String registry;
  private final Map<String, List<double[]>> results = new LinkedHashMap<>();

  private ImageBench(Path here, Path work, String registry) {
    this.here = here;
    this.work = work;
    this.registry = registry;
  }

  public static void main(String[] arguments) throws Exception {
    new ImageBench(Path.of(arguments[0]), Path.of(arguments[1]), arguments[2])
        .run(Integer.parseInt(arguments[3]));
  }

  private void run(int rounds) throws Exception {
    Path home = Files.createDirectories(work.resolve("home"));
    for (int round = 0; round <= rounds; round++) { // the first one warms up
      for (String image : List.of("debian", "many")) {
        String name = registry + "/" + image + ":1";
        double floor = decompress(image);
        banger(home, "vm", "ls");
        double[] ours = measured(home, () -> banger(home, "image", "pull", name), home);
        banger(home, "image", "delete", name);
        remove(home.resolve("cache/blobs"));
        Path theirs = Files.createDirectory(work.resolve("theirs"));
        double[] tools = measured(theirs, () -> tools(theirs, image), null);
        remove(theirs);
        if (round > 0) {
          add(image + ": plain decompression of its layers, one core", new double[] {floor, 0, 0});
          add(image + ": banger image pull", ours);
          add(image + ": skopeo copy, umoci unpack, mke2fs -d", tools);
        }
        System.err.printf(Locale.ROOT, "round %d, %s: floor %.0f ms, banger %.0f ms, tools %.0f ms%n", round, image, floor, ours[0], tools[0]);
      }
    }
    print();
  }

  private interface Work {
    void run() throws Exception;
  }

  /** Milliseconds, MiB of disk, MiB of memory. */
  private double[] measured(Path directory, Work what, Path daemon) throws Exception {
    long[] most = new long[2];
    long before = free(directory);
    Thread sampler =
        Thread.ofPlatform().daemon().start(() -> {
          while (!Thread.currentThread().isInterrupted()) {
            most[0] = Math.max(most[0], before - free(directory));
            most[1] = Math.max(most[1], largest(daemon));
            try {
              Thread.sleep(100);
            } catch (InterruptedException e) {
              return;
            }
          }
        });
    long begun = System.nanoTime();
    what.run();
    double millis = (System.nanoTime() - begun) / 1e6;
    sampler.interrupt();
    sampler.join();
    most[0] = Math.max(most[0], before - free(directory));
    return new double[] {millis, most[0] / 1048576.0, most[1] / 1024.0};
  }

  private static long free(Path directory) {
    try {
      return Files.getFileStore(directory).getUnallocatedSpace();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** KiB: of the tools that run, or of the daemon of this home. */
  private static long largest(Path daemon) {
    long largest = 0;
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        try {
          String command = Files.readString(process.resolve("cmdline")).replace('\0', ' ');
          boolean wanted =
              daemon != null
                  ? command.contains("banger.jar daemon")
                  : command.startsWith("skopeo") || command.startsWith("umoci") || command.startsWith("mke2fs");
          if (wanted) {
            for (String line : Files.readAllLines(process.resolve("status"))) {
              if (line.startsWith("VmHWM:")) {
                largest = Math.max(largest, Long.parseLong(line.replaceAll("\\D", "")));
              }
            }
          }
        } catch (IOException e) {
          // It has ended.
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return largest;
  }

  private void tools(Path directory, String image) throws Exception {
    call(directory, "skopeo", "copy", "-q", "--src-tls-verify=false", "docker://" + registry + "/" + image + ":1", "oci:layout:" + image);
    call(directory, "umoci", "unpack", "--image", "layout:" + image, "bundle");
    call(directory, "mke2fs", "-q", "-t", "ext4", "-N", "300000", "-d", "bundle/rootfs", "disk.ext4", "2G");
  }

  private void banger(Path home, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(here.resolve("banger").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("BANGER_HOME", home.toString());
    await(builder);
  }

  private void call(Path directory, String... command) throws Exception {
    await(new ProcessBuilder(command).directory(directory.toFile()));
  }

  private void await(ProcessBuilder builder) throws Exception {
    Path errors = work.resolve("errors");
    Process process =
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(errors.toFile()).start();
    process.getOutputStream().close();
    if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
      throw new IOException(builder.command() + " failed: " + Files.readString(errors));
    }
  }

  private double decompress(String image) throws Exception {
    Path blobs = here.resolve("target/bench-cache/registry/docker/registry/v2/repositories/" + image + "/_layers/sha256");
    long begun = System.nanoTime();
    byte[] buffer = new byte[1 << 20];
    try (Stream<Path> layers = Files.list(blobs)) {
      for (Path layer : layers.toList()) {
        String hex = layer.getFileName().toString();
        Path data = here.resolve("target/bench-cache/registry/docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
        try (InputStream in = Files.newInputStream(data)) {
          if (in.read() == 0x1f) {
            try (InputStream gzip = new GZIPInputStream(Files.newInputStream(data), 1 << 16)) {
              while (gzip.read(buffer) >= 0) {}
            }
          }
        }
      }
    }
    return (System.nanoTime() - begun) / 1e6;
  }

  private void remove(Path tree) throws Exception {
    await(new ProcessBuilder("rm", "-rf", tree.toString()));
  }

  private void add(String what, double[] measured) {
    results.computeIfAbsent(what, w -> new ArrayList<>()).add(measured);
  }

  private void print() throws IOException {
    System.out.println("| what | median ms | range ms | disk MiB | memory MiB |\n|---|---|---|---|---|");
    Map<String, Double> medians = new LinkedHashMap<>();
    StringBuilder json = new StringBuilder("{");
    results.forEach((what, all) -> {
      List<Double> times = all.stream().map(m -> m[0]).sorted().toList();
      double median = times.get(times.size() / 2);
      medians.put(what, median);
      double disk = all.stream().mapToDouble(m -> m[1]).max().orElse(0);
      double memory = all.stream().mapToDouble(m -> m[2]).max().orElse(0);
      System.out.printf(Locale.ROOT, "| %s | %.0f | %.0f-%.0f | %.0f | %.0f |%n", what, median, times.getFirst(), times.getLast(), disk, memory);
      json.append(json.length() > 1 ? "," : "").append("\"").append(what).append("\":").append(times);
    });
    for (String image : List.of("debian", "many")) {
      double ours = medians.get(image + ": banger image pull");
      System.out.printf(
          Locale.ROOT,
          "%s: %.2f times as fast as the tools, %.2f times as long as plain decompression%n",
          image,
          medians.get(image + ": skopeo copy, umoci unpack, mke2fs -d") / ours,
          ours / medians.get(image + ": plain decompression of its layers, one core"));
    }
    Files.writeString(here.resolve("target/bench-image.json"), json.append("}\n"));
  }
}
