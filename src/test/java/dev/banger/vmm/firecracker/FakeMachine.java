package dev.banger.vmm.firecracker;

import dev.banger.vmm.firecracker.ApiRules.Refused;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A microVM without a guest: keeps what the API configures, and refuses what Firecracker refuses
 * beyond the shape of a body.
 */
class FakeMachine {
  private static final int LONGEST_COMMAND_LINE = 2048;

  private final ApiRules rules;
  private final int release;
  private final Path root;
  private final Map<String, Map<String, Object>> devices = new ConcurrentSkipListMap<>();
  private final List<String> order = new CopyOnWriteArrayList<>();
  private volatile String state = "Not started";

  /**
   * @param release the N of 1.N
   * @param root what paths are below: a jail's, or /
   */
  FakeMachine(int release, Path root) {
    this.rules = new ApiRules(release);
    this.release = release;
    this.root = root;
  }

  /** The files as this process sees them. */
  Path place(@Nullable Object path) {
    return root.resolve(String.valueOf(path).replaceFirst("^/", ""));
  }

  String state() {
    return state;
  }

  /** {@code METHOD /path}, of what was accepted. */
  List<String> order() {
    return List.copyOf(order);
  }

  Map<String, Object> device(String path) {
    return devices.getOrDefault(path, Map.of());
  }

  /** What a GET answers; null: 204. */
  @Nullable Map<String, Object> handle(String method, String path, Map<String, Object> body)
      throws Refused {
    rules.check(method, path, body, !state.equals("Not started"));
    @Nullable Map<String, Object> answer =
        switch (method) {
          case "GET" -> get(path);
          case "PUT" -> put(path, body);
          default -> patch(path, body);
        };
    order.add(method + " " + path);
    return answer;
  }

  private Map<String, Object> get(String path) throws Refused {
    return switch (path) {
      case "/" ->
          Map.of(
              "id",
              "test",
              "state",
              state,
              "vmm_version",
              "1." + release + ".0",
              "app_name",
              "Firecracker");
      case "/version" -> Map.of("firecracker_version", "1." + release + ".0");
      case "/vm/config" ->
          Map.of("drives", below("/drives/"), "machine-config", of("/machine-config"));
      case "/balloon/statistics" -> throw new Refused("Statistics for the balloon are disabled");
      default -> of(path);
    };
  }

  private Map<String, Object> of(String path) throws Refused {
    Map<String, Object> found = devices.get(path);
    if (found == null) {
      throw new Refused("Device not configured: " + path);
    }
    return found;
  }

  private List<Map<String, Object>> below(String prefix) {
    return devices.entrySet().stream()
        .filter(e -> e.getKey().startsWith(prefix))
        .map(Map.Entry::getValue)
        .toList();
  }

  private @Nullable Map<String, Object> put(String path, Map<String, Object> body) throws Refused {
    switch (path) {
      case "/actions" -> act(String.valueOf(body.get("action_type")));
      case "/machine-config" -> machine(body);
      case "/boot-source" -> boot(body);
      case "/vsock" -> vsock(body);
      case "/metrics" -> once(path, body, "The metrics system was already initialized.");
      default -> {
        if (path.startsWith("/drives/")) {
          drive(body);
        }
        if (path.startsWith("/network-interfaces/")) {
          card(path, body);
        }
        devices.put(path, new LinkedHashMap<>(body));
      }
    }
    return null;
  }

  private void once(String path, Map<String, Object> body, String words) throws Refused {
    if (devices.putIfAbsent(path, body) != null) {
      throw new Refused(words);
    }
  }

  private static int number(@Nullable Map<String, Object> body, String name) {
    return body != null && body.get(name) instanceof Number number ? number.intValue() : 0;
  }

  private void machine(Map<String, Object> body) throws Refused {
    int cpus = number(body, "vcpu_count");
    boolean smt = Boolean.TRUE.equals(body.get("smt"));
    if (cpus < 1 || cpus > 32 || (smt && cpus > 1 && cpus % 2 == 1)) {
      throw new Refused("The vCPU number is invalid!");
    }
    if (number(body, "mem_size_mib") < 1) {
      throw new Refused("The memory size (MiB) is invalid.");
    }
    devices.put("/machine-config", body);
  }

  private void boot(Map<String, Object> body) throws Refused {
    for (String file : List.of("kernel_image_path", "initrd_path")) {
      if (body.containsKey(file) && !Files.isReadable(place(body.get(file)))) {
        throw new Refused(
            "The kernel file cannot be opened: No such file or directory (os error 2): "
                + body.get(file));
      }
    }
    if (System.getProperty("fake.kernel", "").equals("refused")) {
      throw new Refused("The kernel file cannot be loaded: Invalid kernel image");
    }
    String arguments = String.valueOf(body.get("boot_args"));
    if (arguments.length() > LONGEST_COMMAND_LINE || arguments.contains("pci=off")) {
      throw new Refused("The kernel command line is invalid: " + arguments);
    }
    devices.put("/boot-source", body);
  }

  private void drive(Map<String, Object> body) throws Refused {
    if (body.containsKey("path_on_host") == body.containsKey("socket")) {
      throw new Refused("A drive has a path or a socket");
    }
    Path file = place(body.get("path_on_host"));
    boolean readOnly = Boolean.TRUE.equals(body.get("is_read_only"));
    if (!Files.isReadable(file) || (!readOnly && !Files.isWritable(file))) {
      throw new Refused(
          "Unable to create the block device: No such file or directory (os error 2) " + file);
    }
    boolean root = Boolean.TRUE.equals(body.get("is_root_device"));
    if (root
        && below("/drives/").stream().anyMatch(d -> Boolean.TRUE.equals(d.get("is_root_device")))) {
      throw new Refused("A root block device already exists!");
    }
  }

  private void card(String path, Map<String, Object> body) throws Refused {
    for (Map.Entry<String, Map<String, Object>> other : devices.entrySet()) {
      if (other.getKey().startsWith("/network-interfaces/")
          && !other.getKey().equals(path)
          && String.valueOf(body.get("guest_mac")).equals(other.getValue().get("guest_mac"))) {
        throw new Refused("The MAC address is already in use: " + body.get("guest_mac"));
      }
    }
    openTap(String.valueOf(body.get("host_dev_name")));
  }

  /** As far as the fake opens any; a test may refuse. */
  void openTap(String name) throws Refused {
    if (name.startsWith("busy")) {
      throw new Refused(
          "Cannot create the network device: Open tap device failed: Error while creating ifreq"
              + " structure: Resource busy (os error 16)");
    }
  }

  private void vsock(Map<String, Object> body) throws Refused {
    if (number(body, "guest_cid") < 3) {
      throw new Refused("The guest CID is invalid");
    }
    if (Files.exists(place(body.get("uds_path")))) {
      throw new Refused("Cannot create backend for vsock device: Address in use (os error 98)");
    }
    devices.put("/vsock", body);
    listenForGuest(place(body.get("uds_path")));
  }

  /** The socket is made when the request is handled. */
  void listenForGuest(Path socket) throws Refused {
    try {
      Files.createFile(socket);
    } catch (IOException e) {
      throw new Refused("Cannot create backend for vsock device: " + e);
    }
  }

  private void act(String action) throws Refused {
    boolean started = !state.equals("Not started");
    switch (action) {
      case "InstanceStart" -> {
        if (started) {
          throw new Refused("The requested operation is not supported after starting the microVM.");
        }
        begin();
      }
      case "FlushMetrics" -> {
        if (!started || !devices.containsKey("/metrics")) {
          throw new Refused("The metrics were not configured, or the microVM does not run");
        }
        flush(place(device("/metrics").get("metrics_path")));
      }
      default -> {
        if (!started) {
          throw new Refused(
              "The requested operation is not supported before starting the microVM.");
        }
        pressed();
      }
    }
  }

  private void begin() throws Refused {
    Map<String, Object> boot = devices.get("/boot-source");
    if (boot == null) {
      throw new Refused("Cannot start microvm without kernel configuration.");
    }
    Set<String> roots = new HashSet<>();
    devices.forEach((path, device) -> {
      if (Boolean.TRUE.equals(device.get("is_root_device"))) {
        roots.add(path);
      }
    });
    if (!roots.isEmpty() && boot.containsKey("initrd_path")) {
      throw new Refused("A root device and an initrd were given");
    }
    state = "Running";
    running();
  }

  void running() throws Refused {}

  void pressed() {}

  private static final String LINE =
      "{\"utc_timestamp_ms\":1,\"block\":{\"read_count\":2,\"write_count\":1},\"seccomp\":"
          + "{\"num_faults\":0},\"vcpu\":{\"exit_io_in\":5}}\n";

  private static void flush(Path pipe) throws Refused {
    try (RandomAccessFile file = new RandomAccessFile(pipe.toFile(), "rw")) {
      if (Files.isRegularFile(pipe)) {
        file.seek(file.length());
      }
      file.write(LINE.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new Refused("Cannot write metrics: " + e);
    }
  }

  private @Nullable Map<String, Object> patch(String path, Map<String, Object> body)
      throws Refused {
    if (path.equals("/vm")) {
      state = "Paused".equals(body.get("state")) ? "Paused" : "Running";
      return null;
    }
    Map<String, Object> device = of(path);
    if (body.containsKey("path_on_host") && !Files.isReadable(place(body.get("path_on_host")))) {
      throw new Refused("Unable to patch the block device: No such file or directory");
    }
    if (path.equals("/balloon") && number(body, "amount_mib") > memory()) {
      throw new Refused("Amount of pages requested cannot be more than the memory of the guest");
    }
    Map<String, Object> changed = new LinkedHashMap<>(device);
    changed.putAll(body);
    devices.put(path, changed);
    return null;
  }

  private int memory() {
    return number(devices.get("/machine-config"), "mem_size_mib");
  }
}
