package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.image.TestDirectories;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A BANGER_HOME of its own for one test class, with images and kernels shared by all of them.
 * {@link #close} stops everything and fails when a process, socket or memory file is left.
 */
final class Host implements AutoCloseable {
  static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Path TREE = Path.of("").toAbsolutePath();

  private final Path home;
  private final Map<String, String> environment = new TreeMap<>();
  private final List<String> before = new ArrayList<>();

  private Host(Path home) {
    this.home = home;
    environment.put("BANGER_HOME", home.toString());
  }

  /** Under /tmp: a Unix socket's path is short. */
  static Host open() throws IOException {
    Host host = new Host(Files.createTempDirectory("banger-test-"));
    for (String shared : List.of("images", "kernels", "cache")) {
      Files.createDirectories(TestDirectories.CACHE.resolve(shared));
      Files.createSymbolicLink(host.home.resolve(shared), TestDirectories.CACHE.resolve(shared));
    }
    return host.configure("");
  }

  /** Nothing is shared; everything is below this directory. */
  static Host alone(Path home) throws IOException {
    return new Host(home).configure("");
  }

  /** All that is run from now on is in this network namespace. */
  Host inNamespace(String name) {
    before.addAll(List.of("ip", "netns", "exec", name));
    return this;
  }

  Path home() {
    return home;
  }

  /**
   * config.toml, before the daemon starts. Without a bridge where it says nothing of it: many
   * daemons of tests run at once, and the host has one network.
   */
  Host configure(String toml) throws IOException {
    String network =
        toml.contains("[network]") ? "" : "\n[network]\nmode = \"user\"\ndns = \"off\"\n";
    Files.writeString(home.resolve("config.toml"), toml + network);
    return this;
  }

  /** What a command printed and how it ended. */
  record Result(int status, String out, String err) {
    Result ok() {
      assertThat(status).as("status; stderr: %s", err).isZero();
      return this;
    }
  }

  Result banger(String... arguments) throws Exception {
    return await(start(arguments), new byte[0]);
  }

  Result bangerWithInput(byte[] input, String... arguments) throws Exception {
    return await(start(arguments), input);
  }

  Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(TREE.resolve("banger").toString()));
    command.addAll(List.of(arguments));
    return shell(command);
  }

  /** A shell line that finds {@code banger} in its PATH. */
  Result sh(String line) throws Exception {
    return await(shell(List.of("bash", "-c", line)), new byte[0]);
  }

  /** With ctrl-C as a terminal has it, also where the tests run in a background that ignores it. */
  Process shell(List<String> command) throws IOException {
    List<String> reached = new ArrayList<>(before);
    reached.addAll(List.of("env", "--default-signal=INT"));
    reached.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(reached);
    builder.environment().putAll(environment);
    builder.environment().put("PATH", TREE + ":" + System.getenv("PATH"));
    return builder.start();
  }

  static Result await(Process process, byte[] input) throws Exception {
    CompletableFuture<String> out = read(process.getInputStream());
    CompletableFuture<String> err = read(process.getErrorStream());
    try (var stdin = process.getOutputStream()) {
      stdin.write(input);
    } catch (IOException e) {
      // The command did not want it all.
    }
    if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("no end within " + LIMIT + ": " + process.info());
    }
    return new Result(process.exitValue(), out.get(), err.get());
  }

  private static CompletableFuture<String> read(InputStream from) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return new String(from.readAllBytes(), StandardCharsets.UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  long daemonPid() throws Exception {
    String json = banger("daemon", "status", "--json").ok().out();
    return Long.parseLong(json.replaceAll("(?s).*\"pid\"\\s*:\\s*(\\d+).*", "$1"));
  }

  /** Processes that have this home in their command line, environment or open files. */
  List<String> processes() {
    List<String> found = new ArrayList<>();
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      all.filter(p -> p.pid() != ProcessHandle.current().pid())
          .filter(p -> uses(p.pid()))
          .forEach(p -> found.add(p.pid() + " " + p.info().commandLine().orElse("?")));
    }
    return found;
  }

  private boolean uses(long pid) {
    Path proc = Path.of("/proc/" + pid);
    try {
      if (Files.readString(proc.resolve("cmdline"), StandardCharsets.ISO_8859_1)
          .contains(home.toString())) {
        return true;
      }
      try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
        return descriptors.anyMatch(this::isBelowHome);
      }
    } catch (IOException | UncheckedIOException e) {
      return false; // it has ended
    }
  }

  private boolean isBelowHome(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith(home + "/");
    } catch (IOException e) {
      return false;
    }
  }

  /** What lies in the memory directories of this home's VMs. */
  private List<String> memory() throws IOException {
    List<String> found = new ArrayList<>();
    String pid = "/dev/shm";
    try (Stream<Path> all = Files.walk(Path.of(pid))) {
      all.filter(p -> p.getFileName().toString().matches("[0-9a-f]{12}.*"))
          .filter(p -> p.toString().contains("banger"))
          .filter(p -> ours(p))
          .forEach(p -> found.add(p.toString()));
    } catch (UncheckedIOException e) {
      return found; // another test's VM has ended meanwhile
    }
    return found;
  }

  private boolean ours(Path memory) {
    return Files.exists(
        home.resolve("vms").resolve(memory.getFileName().toString().substring(0, 12)));
  }

  List<String> runtimeFiles() throws IOException {
    Path run = home.resolve("run");
    if (!Files.isDirectory(run)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(run)) {
      return all.filter(p -> !Files.isDirectory(p))
          .map(p -> run.relativize(p).toString())
          .filter(name -> !name.endsWith(".lock"))
          .toList();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      end();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("cannot end what the test began", e);
    }
  }

  private void end() throws Exception {
    Result listed = banger("vm", "ls", "--all", "--json");
    for (String id : ids(listed.out())) {
      banger("vm", "delete", "--force", id);
    }
    List<String> memory = memory();
    banger("daemon", "stop");
    List<String> processes = awaitNoProcesses();
    List<String> files = runtimeFiles();
    deleteTree(home);
    assertThat(processes).as("processes left").isEmpty();
    assertThat(files).as("runtime files left").isEmpty();
    assertThat(memory).as("guest memory left").isEmpty();
  }

  private static List<String> ids(String json) {
    return Stream.of(json.split("\"id\"", -1))
        .skip(1)
        .map(part -> part.replaceAll("(?s)^[^\"]*\"([0-9a-f]{12})\".*", "$1"))
        .toList();
  }

  private List<String> awaitNoProcesses() throws InterruptedException {
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    List<String> left = processes();
    while (!left.isEmpty() && System.nanoTime() < until) {
      Thread.sleep(50); // polling other processes' ends, with a limit
      left = processes();
    }
    return left;
  }

  static void deleteTree(Path top) throws IOException {
    try (Stream<Path> all = Files.walk(top)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
