import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The floor: bare QEMU with the very options, kernel, initramfs and disks of a banger VM, from spawn
 * until the agent answers HELLO (guest/PROTOCOL.md, section 1). Against it: {@code banger vm run --
 * echo here} as a user types it, the daemon warm, and its stages. In turn, one round after the other.
 */
final class BootBench {
  private static final byte[] MAGIC = "\u00baBANGER-SYNC-1\r\n".getBytes(StandardCharsets.ISO_8859_1);
  private static final Pattern STAGES = Pattern.compile("kind=vm.create .*state=DONE stages=(\\S.*)$");
  private static final Pattern JOINED = Pattern.compile("^time=(\\S+) .*is joined to its client");
  private static final Pattern TIMING = Pattern.compile("([a-z-]+)=(\\d+)ms");

  private static final Pattern DESCRIPTOR = Pattern.compile("/proc/self/fd/(\\d+)");
  private static final Pattern SET = Pattern.compile("fd=(\\d+),set=(\\d+)(?:,.*)?");
  private static final Pattern SET_FILE = Pattern.compile("/dev/fdset/(\\d+)");
  private static final Pattern SOCKET = Pattern.compile("^(socket,.*)fd=(\\d+)");
  private static final Pattern AGENT = Pattern.compile("^socket,id=agent0,path=([^,]+)");
  private static final Path MEMORY = Path.of("/dev/shm");

  private final Path here;
  private final Path home;
  private final Map<String, List<Double>> times = new LinkedHashMap<>();

  private BootBench(Path here, Path home) {
    this.here = here;
    this.home = home;
  }

  public static void main(String[] arguments) throws Exception {
    new BootBench(Path.of(arguments[0]), Path.of(arguments[1]))
        .run(Math.max(10, Integer.parseInt(arguments[2])));
  }

  private void run(int rounds) throws Exception {
    Path floor = Files.createDirectory(home.resolve("floor"));
    List<String> command = bareCommand(floor);
    for (int i = -1; i < rounds; i++) { // the first round warms up
      double bare = floor(command, floor);
      Run ours = banger("vm", "run", "--", "echo", "here");
      if (i >= 0) {
        add("floor: bare QEMU, spawn to agent's answer", bare);
        add("banger vm run, until its command runs", runs(ours));
        add("banger vm run, until its command's first output", ours.firstOutput());
        add("banger vm run, whole command", ours.whole());
        stages();
      }
      System.err.printf(
          Locale.ROOT, "round %d: floor %.0f ms, banger %.0f ms%n", i + 1, bare, ours.whole());
    }
    print(rounds);
    try (Stream<Path> memory = Files.list(MEMORY)) {
      for (Path left : memory.filter(f -> f.getFileName().toString().startsWith("bench-")).toList()) {
        Files.delete(left);
      }
    }
  }

  /**
   * The command line of a VM that banger runs, with files and sockets in place of descriptors: its
   * shim's own command line tells which is which.
   */
  private List<String> bareCommand(Path floor) throws Exception {
    banger("vm", "create", "pattern", "--start", "--init-mode", "agent");
    List<String> shim = shimCommand();
    Map<String, Path> files = new LinkedHashMap<>();
    int qemu = shim.indexOf("--") + 1;
    for (int i = 0; i < qemu; i++) {
      if (shim.get(i).equals("--open") || shim.get(i).equals("--listen")) {
        String[] handover = shim.get(i + 1).split("[=:]", 3);
        Path real = Path.of(handover[2]);
        Path used = real;
        if (!handover[1].equals("ro")) {
          used = (real.startsWith("/dev/shm") ? MEMORY : floor).resolve("bench-" + handover[0]);
          if (handover[1].equals("rw")) {
            copySparse(real, used);
          }
        }
        files.put(handover[0], used);
      }
    }
    List<String> command = new ArrayList<>();
    Map<String, Path> sets = new LinkedHashMap<>();
    for (int i = qemu; i < shim.size(); i++) {
      if (shim.get(i).equals("-add-fd")) {
        Matcher set = SET.matcher(shim.get(++i));
        if (set.matches()) {
          sets.put(set.group(2), files.get(set.group(1)));
        }
      } else {
        command.add(named(shim.get(i), files, sets));
      }
    }
    banger("vm", "delete", "--force", "pattern");
    return command;
  }

  private static String named(String argument, Map<String, Path> files, Map<String, Path> sets) {
    String text = DESCRIPTOR.matcher(argument).replaceAll(m -> files.get(m.group(1)).toString());
    text = SET_FILE.matcher(text).replaceAll(m -> sets.get(m.group(1)).toString());
    return SOCKET.matcher(text).replaceAll(m -> m.group(1) + "path=" + files.get(m.group(2)));
  }

  private List<String> shimCommand() throws IOException {
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        String line = Files.isReadable(process.resolve("cmdline")) ? read(process) : "";
        if (line.contains("banger-shim\0") && line.contains(home.toString())) {
          return List.of(line.split("\0"));
        }
      }
    }
    throw new IOException("no banger-shim runs for " + home);
  }

  private static String read(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"));
    } catch (IOException e) {
      return ""; // it has ended
    }
  }

  private static void copySparse(Path from, Path to) throws IOException {
    try {
      new ProcessBuilder("cp", "--sparse=always", from.toString(), to.toString())
          .inheritIO()
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static double floor(List<String> command, Path floor) throws Exception {
    Path socket =
        command.stream()
            .map(AGENT::matcher)
            .filter(Matcher::find)
            .map(m -> Path.of(m.group(1)))
            .findFirst()
            .orElseThrow(() -> new IOException("no agent socket in " + command));
    Files.deleteIfExists(socket);
    freshMemory();
    long begun = System.nanoTime();
    Process qemu =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(floor.resolve("stderr").toFile())
            .start();
    try {
      awaitAnswer(socket, qemu);
      return (System.nanoTime() - begun) / 1e6;
    } finally {
      qemu.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }

  /** A VM's memory is new: the pages of an earlier round, there already, would be a head start. */
  private static void freshMemory() throws IOException {
    try (Stream<Path> files = Files.list(MEMORY)) {
      for (Path file : files.filter(f -> f.getFileName().toString().startsWith("bench-")).toList()) {
        try (FileChannel memory = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          long size = memory.size();
          memory.truncate(0);
          memory.write(ByteBuffer.allocate(1), size - 1);
        }
      }
    }
  }

  private static void awaitAnswer(Path socket, Process qemu) throws Exception {
    ByteBuffer hello = ByteBuffer.allocate(32).put(MAGIC).put(new byte[15]).put((byte) 1).flip();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      while (!Files.exists(socket)) {
        if (!qemu.isAlive()) {
          throw new IOException("bare QEMU ended with " + qemu.exitValue());
        }
        Thread.sleep(1);
      }
      connect(channel, socket);
      channel.write(hello);
      ByteBuffer answer = ByteBuffer.allocate(32);
      while (answer.hasRemaining()) {
        if (channel.read(answer) < 0) {
          throw new IOException("bare QEMU closed the channel");
        }
      }
      if (!Arrays.equals(MAGIC, Arrays.copyOf(answer.array(), MAGIC.length))) {
        throw new IOException("the agent answered something else");
      }
    }
  }

  /** A socket's file is there before somebody listens at it. */
  private static void connect(SocketChannel channel, Path socket) throws Exception {
    while (!channel.isConnected()) {
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
      } catch (ConnectException e) {
        Thread.sleep(1);
      }
    }
  }

  /** Milliseconds from spawn. */
  private record Run(Instant begun, double firstOutput, double whole) {}

  private Run banger(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(here.resolve("banger").toString()));
    command.addAll(List.of(arguments));
    Instant start = Instant.now();
    long begun = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(home.resolve("banger.stderr").toFile()).start();
    process.getOutputStream().close();
    int first = process.getInputStream().read();
    double firstOutput = (System.nanoTime() - begun) / 1e6;
    process.getInputStream().transferTo(OutputStream.nullOutputStream());
    int status = process.waitFor();
    double whole = (System.nanoTime() - begun) / 1e6;
    if (status != 0) {
      throw new IOException(
          command + " exited with " + status + ": " + Files.readString(home.resolve("banger.stderr")));
    }
    return new Run(start, first < 0 ? whole : firstOutput, whole);
  }

  /** The agent's answer to the order to start the command comes when execve has gone well; the log has its time. */
  private double runs(Run run) throws IOException {
    for (String line : Files.readAllLines(home.resolve("log/daemon.log")).reversed()) {
      Matcher joined = JOINED.matcher(line);
      if (joined.find()) {
        return Duration.between(run.begun(), Instant.parse(joined.group(1))).toNanos() / 1e6;
      }
    }
    throw new IOException("the daemon's log has no program that was joined to its client");
  }

  /** The newest create in the daemon's log. */
  private void stages() throws IOException {
    List<String> lines = Files.readAllLines(home.resolve("log/daemon.log"));
    for (String line : lines.reversed()) {
      Matcher found = STAGES.matcher(line);
      if (found.find()) {
        for (String stage : found.group(1).split(",")) {
          String[] pair = stage.split("=");
          add("  stage " + pair[0], Double.parseDouble(pair[1]));
        }
        break;
      }
    }
    for (String line : lines.reversed()) {
      if (line.contains(" ready mode=")) {
        Matcher timing = TIMING.matcher(line);
        while (timing.find()) {
          add("  guest's clock at " + timing.group(1), Double.parseDouble(timing.group(2)));
        }
        break;
      }
    }
  }

  private void add(String what, double millis) {
    times.computeIfAbsent(what, k -> new ArrayList<>()).add(millis);
  }

  private void print(int rounds) throws IOException {
    System.out.println("| what | median ms | range ms |\n|---|---|---|");
    StringBuilder json = new StringBuilder("{\"rounds\":" + rounds);
    List<Double> medians = new ArrayList<>();
    times.forEach(
        (what, all) -> {
          List<Double> sorted = all.stream().sorted().toList();
          double median = sorted.get(sorted.size() / 2);
          medians.add(median);
          System.out.printf(
              Locale.ROOT,
              "| %s | %.0f | %.0f-%.0f |%n",
              what, median, sorted.getFirst(), sorted.getLast());
          json.append(",\"").append(what.strip()).append("\":").append(all);
        });
    double ratio = medians.get(1) / medians.get(0);
    System.out.printf(
        Locale.ROOT,
        "the command runs at %.3f of the floor, its first output comes at %.3f, the end at %.3f; %d rounds, interleaved%n",
        ratio, medians.get(2) / medians.get(0), medians.get(3) / medians.get(0), rounds);
    json.append(String.format(Locale.ROOT, ",\"ratio\":%.4f}%n", ratio));
    Path file = here.resolve("target/bench-boot.json");
    Files.writeString(file, json);
    System.out.println("written to " + file);
  }
}
