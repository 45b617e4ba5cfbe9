package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DaemonApi;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A daemon in a process of its own, on a home of its own: started, killed, started again. {@link
 * #close} fails when the home's VMs left anything on the host.
 */
public final class TestDaemon implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long PAUSE_MILLIS = 5;
  private static final Path TREE = Path.of("").toAbsolutePath();

  private final TestHome home;
  private final boolean fakes;
  private final Map<String, String> properties = new TreeMap<>();
  private final Map<String, String> environment = new TreeMap<>();
  private final List<String> wrapper = new ArrayList<>();
  private @Nullable Process process;
  private @Nullable ProcessHandle handle;
  private @Nullable TestNet net;

  TestDaemon(TestHome home, boolean fakes) {
    this.home = home;
    this.fakes = fakes;
  }

  /** With VMs that are processes; not started yet. */
  public static TestDaemon ofFakes() throws Exception {
    return new TestDaemon(TestHome.ofFakes(), true);
  }

  /** As {@link #ofFakes()}, in an empty directory that is there and stays. */
  public static TestDaemon ofFakes(Path directory) throws Exception {
    return new TestDaemon(TestHome.ofFakes(directory), true);
  }

  /**
   * As {@link #ofFakes()}, with a bridge in a network of its own, where other tests see nothing.
   */
  public static TestDaemon ofBridgedFakes() throws Exception {
    TestHome home = TestHome.ofFakes();
    home.bridge();
    TestDaemon daemon = new TestDaemon(home, true);
    daemon.net = new TestNet();
    return daemon.wrapped("ip", "netns", "exec", daemon.net.name());
  }

  /** With QEMU, on the images that all tests share; not started yet. */
  public static TestDaemon ofGuests() throws Exception {
    return new TestDaemon(TestHome.ofGuests(), false);
  }

  public Path home() {
    return home.directory();
  }

  public Directories directories() {
    return home.directories();
  }

  /** Where its bridge is, if it has one that no other daemon can see. */
  Optional<TestNet> net() {
    return Optional.ofNullable(net);
  }

  /** A system property of every daemon that starts from now on. */
  public TestDaemon property(String name, String value) {
    properties.put(name, value);
    return this;
  }

  public TestDaemon withoutProperty(String name) {
    properties.remove(name);
    return this;
  }

  public TestDaemon environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** The command that runs the daemon's command, from now on; empty: none. */
  public TestDaemon wrapped(String... command) {
    wrapper.clear();
    wrapper.addAll(List.of(command));
    return this;
  }

  /** A line of the section {@code [vm]} of config.toml, for the next start. */
  public TestDaemon configureVm(String line) throws IOException {
    Path file = home.directory().resolve("config.toml");
    Files.writeString(file, Files.readString(file).replace("[vm]", "[vm]\n" + line));
    return this;
  }

  /** More lines of config.toml, for the next start. */
  public TestDaemon configure(String toml) throws IOException {
    Path file = home.directory().resolve("config.toml");
    Files.writeString(file, toml + Files.readString(file));
    return this;
  }

  /** What goes wrong at every start of a VM from now on; {@code fake_vmm.c} lists it. */
  public void mishap(String what) throws IOException {
    Files.createDirectories(home.mishaps());
    Files.writeString(home.mishaps().resolve("every"), what + "\n");
  }

  /** As {@link #mishap(String)}, of one VM. */
  public void mishap(String id, String what) throws IOException {
    Files.createDirectories(home.mishaps());
    Files.writeString(home.mishaps().resolve(id), what + "\n");
  }

  public void noMishap() throws IOException {
    Files.deleteIfExists(home.mishaps().resolve("every"));
  }

  /** The daemon's wall clock jumps so far away from the host's, at once. */
  public void clockOffset(Duration offset) throws IOException {
    Path beside = home.directory().resolve("clock.new");
    Files.writeString(beside, offset.toString());
    Files.move(beside, home.clock(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Starts it and waits until its socket answers. */
  public TestDaemon start() throws Exception {
    launch();
    awaitSocket();
    return this;
  }

  /** Starts it and does not wait. */
  public void launch() throws Exception {
    launchBy(DaemonJava.quick());
  }

  void startBy(List<String> java) throws Exception {
    launchBy(java);
    awaitSocket();
  }

  private void launchBy(List<String> java) throws IOException {
    Path temporary = Files.createDirectories(home.directory().resolve("tmp"));
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(java);
    command.add("-Djava.io.tmpdir=" + temporary);
    properties.forEach((name, value) -> command.add("-D" + name + "=" + value));
    if (fakes) {
      command.add(TestDaemonMain.class.getName());
      command.add(home.directory().toString());
      command.add(home.mishaps().toString());
      command.add(TREE.resolve("guest/build/banger-agent").toString());
    } else {
      command.addAll(
          List.of("dev.banger.Main", "daemon", "--data-dir", home.directory().toString()));
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(home.directory().resolve("daemon.out").toFile()));
    Process started = builder.start();
    process = started;
    handle = started.toHandle();
  }

  /** With real guests by {@code banger vm ls}, which starts the daemon that it needs. */
  void startAsUsersDo() throws Exception {
    if (fakes) {
      start();
      return;
    }
    ProcessBuilder builder =
        new ProcessBuilder(TREE.resolve("banger").toString(), "vm", "ls", "--all");
    builder.environment().put("BANGER_HOME", home.directory().toString());
    builder.redirectErrorStream(true);
    Process listing = builder.start();
    String said = new String(listing.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(listing.waitFor()).as(said).isZero();
    try (TestClient client = client()) {
      long pid = client.call(DaemonApi.STATUS, new DaemonApi.Nothing()).pid();
      handle = ProcessHandle.of(pid).orElseThrow();
      process = null;
    }
  }

  private void awaitSocket() throws Exception {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try (TestClient client = TestClient.connect(directories())) {
        if (client != null) {
          return;
        }
      } catch (BangerException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
      }
      if (!running().isAlive() || System.nanoTime() > until) {
        throw new AssertionError("the daemon did not come up; it said:\n" + said());
      }
      Thread.sleep(PAUSE_MILLIS); // a socket file cannot be waited for
    }
  }

  /** What it wrote to its log, its stdout and stderr. */
  public String said() throws IOException {
    StringBuilder text = new StringBuilder();
    for (Path log : List.of(home.directory().resolve("daemon.out"), directories().daemonLog())) {
      if (Files.exists(log)) {
        text.append(Files.readString(log));
      }
    }
    return text.toString();
  }

  private ProcessHandle running() {
    ProcessHandle now = handle;
    if (now == null) {
      throw new IllegalStateException("the daemon was not started");
    }
    return now;
  }

  public long pid() {
    return running().pid();
  }

  public boolean isAlive() {
    return handle != null && handle.isAlive();
  }

  /** By SIGKILL; returns when it has ended. */
  public void kill() throws InterruptedException {
    running().destroyForcibly();
    awaitEnd(LIMIT);
  }

  /** In order, by SIGTERM. */
  public void stop() throws InterruptedException {
    running().destroy();
    awaitEnd(LIMIT);
  }

  /** Its end, whoever causes it: true when it comes within the limit. */
  public boolean awaitEnd(Duration limit) throws InterruptedException {
    try {
      running().onExit().get(limit.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /** How it ended; 128 and more: by a signal. Of one that this fixture itself started. */
  public int status() {
    Process now = process;
    if (now == null) {
      throw new IllegalStateException("another process started the daemon");
    }
    return now.exitValue();
  }

  public void killAndStart() throws Exception {
    kill();
    start();
  }

  /** A new connection. */
  public TestClient client() throws Exception {
    TestClient client = TestClient.connect(directories());
    if (client == null) {
      throw new AssertionError("no daemon answers; it said:\n" + said());
    }
    return client;
  }

  /** All VMs, running or not. */
  public List<VmApi.View> vms() throws Exception {
    try (TestClient client = client()) {
      return client.list();
    }
  }

  public Optional<VmApi.View> vm(String name) throws Exception {
    return vms().stream().filter(vm -> vm.name().equals(name)).findFirst();
  }

  public List<OperationApi.Status> operations() throws Exception {
    try (TestClient client = client()) {
      return client.operations();
    }
  }

  /** Processes of this home but the daemon itself: shims, VMMs, guests, and what runs in them. */
  public List<String> processes() {
    return HomeProcesses.of(home.directory()).stream()
        .filter(p -> handle == null || p.pid() != handle.pid())
        .map(Object::toString)
        .toList();
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
    List<String> left = new ArrayList<>();
    try {
      if (isAlive()) {
        try (TestClient client = client()) {
          for (VmApi.View vm : client.list()) {
            client.delete(vm.id(), true);
          }
        }
        stop();
      }
      left.addAll(awaitNoProcesses());
      if (net != null) {
        left.addAll(net.remains());
      }
    } finally {
      if (isAlive()) {
        kill();
      }
      HomeProcesses.killAll(home.directory());
      home.delete();
      if (net != null) {
        net.delete();
      }
    }
    assertThat(left).as("left behind").isEmpty();
  }

  private List<String> awaitNoProcesses() throws InterruptedException {
    long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    List<String> left = processes();
    while (!left.isEmpty() && System.nanoTime() < until) {
      Thread.sleep(PAUSE_MILLIS); // the end of another's children cannot be waited for
      left = processes();
    }
    return left;
  }
}
