package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.FormatMethod;
import dev.banger.api.DaemonApi;
import dev.banger.api.ImageApi;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.Directories;
import dev.banger.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What docs/state-dir.md says of a host, checked: rows, directories, processes, sockets, guest
 * memory and staging agree. True whenever nothing is being done.
 */
public final class Invariants {
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");
  private static final Pattern RECORD = Pattern.compile("\\bpid=(\\d+) .*\\bshim=(\\d+)");
  private static final Set<String> SETTLED = Set.of("created", "stopped", "failed", "running");

  /** {@code .exit.new}: the shim has reserved the block of its record. */
  private static final Set<String> RUN_FILES =
      Set.of("agent.sock", "console.sock", "vmm.sock", "vmm", "memory", "exit", ".exit.new");

  private final TestDaemon daemon;
  private final Directories directories;
  private final List<String> violations = new ArrayList<>();

  private Invariants(TestDaemon daemon) {
    this.daemon = daemon;
    this.directories = daemon.directories();
  }

  /** Those that do not hold now; empty when all is well. */
  public static List<String> violations(TestDaemon daemon) throws Exception {
    Invariants look = new Invariants(daemon);
    look.look();
    return look.violations;
  }

  /** Fails when they do not hold within the limit: removals end in the background. */
  public static void require(TestDaemon daemon, Duration limit) throws Exception {
    assertThat(settle(daemon, limit)).as("invariants of docs/state-dir.md").isEmpty();
  }

  /** What still does not hold at the limit. */
  static List<String> settle(TestDaemon daemon, Duration limit) throws Exception {
    long until = System.nanoTime() + limit.toNanos();
    List<String> found = violations(daemon);
    while (!found.isEmpty() && System.nanoTime() < until) {
      Thread.sleep(50); // what ends in the background cannot be waited for
      found = violations(daemon);
    }
    return found;
  }

  private void look() throws Exception {
    List<VmApi.View> vms = daemon.vms();
    Set<String> known = ids(vms.stream());
    Set<String> running = ids(vms.stream().filter(vm -> vm.state().equals("running")));
    vms.stream()
        .filter(vm -> !SETTLED.contains(vm.state()))
        .forEach(vm -> complain("%s is %s", vm.name(), vm.state()));
    for (OperationApi.Status operation : daemon.operations()) {
      require(!operation.state().equals("running"), "operation runs: %s", operation);
    }
    same("directories of VMs", known, entries(directories.vms()));
    same("run directories", running, entries(directories.vmRuns()));
    for (String id : running) {
      lookIntoRun(id);
    }
    images();
    processes(vms);
    memory(running);
    staging();
    database(known);
    if (daemon.net().isPresent()) {
      violations.addAll(daemon.net().get().violations(directories.database(), running));
    }
    host();
  }

  /** One whose name is gone is there for its VMs alone. */
  private void images() throws Exception {
    try (TestClient client = daemon.client()) {
      for (ImageApi.View image : client.call(ImageApi.LIST, new DaemonApi.Nothing()).images()) {
        require(!image.deleted() || !image.vms().isEmpty(), "image of nobody: %s", image.id());
      }
    }
  }

  private static Set<String> ids(Stream<VmApi.View> vms) {
    return vms.map(VmApi.View::id).collect(Collectors.toCollection(TreeSet::new));
  }

  @FormatMethod
  private void complain(String what, @Nullable Object... operands) {
    violations.add(what.formatted(operands));
  }

  @FormatMethod
  private void require(boolean holds, String what, @Nullable Object... operands) {
    if (!holds) {
      complain(what, operands);
    }
  }

  private void same(String what, Set<String> wanted, Set<String> found) {
    require(wanted.equals(found), "%s: there are %s, there should be %s", what, found, wanted);
  }

  private static Set<String> entries(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return new TreeSet<>();
    }
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private void lookIntoRun(String id) throws IOException {
    Set<String> found = entries(directories.vmRuns().resolve(id));
    for (String needed : List.of("agent.sock", "vmm.sock", "vmm")) {
      require(found.contains(needed), "run directory of %s lacks %s", id, needed);
    }
    require(!found.contains("exit"), "%s runs, but has an exit record", id);
    found.removeAll(RUN_FILES);
    require(found.isEmpty(), "run directory of %s holds %s", id, found);
  }

  /** One shim and one VMM a running VM, and what descends from them. */
  private void processes(List<VmApi.View> vms) throws IOException {
    Map<Long, HomeProcesses.Found> found = new HashMap<>();
    for (HomeProcesses.Found process : HomeProcesses.of(daemon.home())) {
      found.put(process.pid(), process);
    }
    Set<Long> roots = new TreeSet<>();
    for (VmApi.View vm : vms) {
      Path record = directories.vmRuns().resolve(vm.id()).resolve("vmm");
      if (!vm.state().equals("running") || !Files.exists(record)) {
        continue;
      }
      Matcher words = RECORD.matcher(Files.readString(record));
      require(words.find(), "the record of %s cannot be read", vm.name());
      long pid = Long.parseLong(words.group(1));
      long shim = Long.parseLong(words.group(2));
      require(
          Long.valueOf(pid).equals(vm.pid()), "%s shows pid %s, not %s", vm.name(), vm.pid(), pid);
      require(found.containsKey(pid), "the VMM of %s, %s, does not run", vm.name(), pid);
      require(found.containsKey(shim), "the shim of %s, %s, does not run", vm.name(), shim);
      roots.add(shim);
    }
    for (HomeProcesses.Found process : found.values()) {
      HomeProcesses.Found top = process;
      while (!roots.contains(top.pid()) && found.containsKey(top.parent())) {
        top = found.get(top.parent());
      }
      require(
          roots.contains(top.pid()) || top.pid() == daemon.pid(), "process of nobody: %s", process);
    }
  }

  /** Of this home's VMs, wherever it is; ids are random, so another home has no such. */
  private void memory(Set<String> running) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/dev/shm"))) {
      for (Path place :
          all.filter(p -> p.getFileName().toString().startsWith("banger-")).toList()) {
        for (String file : entries(place)) {
          boolean ours = isId(file) && Files.isDirectory(directories.vm(new VmId(file)));
          require(!ours || running.contains(file), "guest memory of a VM that is off: %s", file);
        }
      }
    }
  }

  private void staging() throws IOException {
    Path seeds = directories.data().resolve("seeds");
    Set<String> images = new TreeSet<>();
    for (String seed : entries(seeds)) {
      require(images.add(seed.replaceAll("-.*", "")), "a second work seed: %s", seed);
    }
    for (Path place :
        List.of(directories.images(), directories.kernels(), directories.cache(), seeds)) {
      if (!Files.isDirectory(place) || Files.isSymbolicLink(place)) {
        continue; // shared with other tests
      }
      try (Stream<Path> all = Files.walk(place, 3)) {
        all.filter(path -> path.getFileName().toString().startsWith(".new-"))
            .forEach(path -> complain("half-made: %s", path));
      }
      require(entries(place.resolve("build")).isEmpty(), "half-built: %s", place);
    }
    for (String name : entries(directories.data().resolve("templates"))) {
      require(!name.startsWith(".new-"), "half-made template %s", name);
    }
  }

  private void database(Set<String> known) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + directories.database());
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout = 5000");
      same("integrity", Set.of("ok"), strings(statement, "PRAGMA integrity_check"));
      same("foreign keys", Set.of(), strings(statement, "PRAGMA foreign_key_check"));
      same("rows of VMs", known, strings(statement, "SELECT id FROM vm"));
      same(
          "running operations",
          Set.of(),
          strings(statement, "SELECT id FROM operation WHERE state = 'running'"));
      if (!strings(statement, "SELECT name FROM sqlite_master WHERE name = 'journal'").isEmpty()) {
        openSteps(statement);
      }
    }
  }

  /** A step that is being taken, or was undone in part, while nothing is at work. */
  private void openSteps(Statement statement) throws SQLException {
    same(
        "open steps of the journal",
        Set.of(),
        strings(
            statement,
            "SELECT kind || ' ' || owner || ' done=' || done || ' ' || error FROM journal"));
  }

  private static Set<String> strings(Statement statement, String query) throws SQLException {
    Set<String> all = new TreeSet<>();
    try (ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        all.add(rows.getString(1));
      }
    }
    return all;
  }

  private void host() throws IOException {
    String home = daemon.home() + "/";
    for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      require(!line.contains(home), "mounted: %s", line);
    }
    try (Stream<Path> blocks = Files.list(Path.of("/sys/block"))) {
      for (Path block : blocks.toList()) {
        Path backing = block.resolve("loop/backing_file");
        require(
            !Files.exists(backing) || !Files.readString(backing).startsWith(home),
            "loop device %s",
            block);
      }
    } catch (NoSuchFileException e) {
      // The device went away meanwhile: another test's.
    }
    Set<String> sockets =
        Files.readAllLines(Path.of("/proc/net/unix")).stream()
            .filter(line -> line.contains(home))
            .map(line -> line.substring(line.indexOf('/')))
            .filter(path -> !Files.exists(Path.of(path)))
            .collect(Collectors.toCollection(TreeSet::new));
    same("sockets without a file", Set.of(), sockets);
  }

  private static boolean isId(String name) {
    return ID.matcher(name).matches();
  }
}
