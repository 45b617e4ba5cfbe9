package dev.banger.config;

import dev.banger.catalog.BundleKeys;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** Reads one file and gathers every mistake before it complains. */
final class ConfigParser {
  private static final Set<String> KEYS =
      Set.of(
          "vmm",
          "firecracker.jailer",
          "firecracker.releases",
          "accel",
          "vm.image",
          "vm.cpus",
          "vm.memory",
          "vm.disk",
          "vm.boot_timeout",
          "vm.hang_timeout",
          "vm.disk_rate",
          "vm.net_rate",
          "authorization.keys",
          "authorization.git_name",
          "authorization.git_email",
          "authorization.git_signing_key",
          SyncParser.KEY,
          "log.level",
          "log.format",
          "admission.memory_overcommit",
          "admission.disk_floor",
          "registries.default",
          "registries.ca",
          "registries.downloads",
          "registries.cache",
          "catalogs.files",
          "catalogs.urls",
          "catalogs.keys",
          "network.mode",
          "network.bridge",
          "network.subnet",
          "network.taps",
          "network.manage_forwarding",
          "network.dns",
          "network.user",
          "disks.driver",
          "disks.reserve");

  private static final ByteSize LEAST_RATE = ByteSize.kib(64);
  private static final int MOST_CPUS = 64;
  private static final double LEAST_RATIO = 0.1;
  private static final double MOST_RATIO = 16;
  private static final int MOST_SECONDS = 3600;
  private static final int MOST_DOWNLOADS = 16;
  private static final int MOST_TAPS = 256;
  private static final int MOST_PORT = 65_535;
  private static final String REGISTRIES = "registries.hosts";
  private static final String AGENTS = "authorization.agents";
  private static final String SIGNING_KEY = "(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?";
  private static final String FINGERPRINT = "\\*|SHA256:[A-Za-z0-9+/]{43}";
  private static final Set<String> REGISTRY_KEYS = Set.of("http", "mirrors", "ca");

  private final Path file;
  private final TomlParseResult toml;
  private final List<String> mistakes = new ArrayList<>();

  ConfigParser(Path file, String text) {
    this.file = file;
    this.toml = Toml.parse(text);
    toml.errors().forEach(e -> mistakes.add(e.position() + ": " + e.getMessage()));
  }

  Config parse() throws BangerException {
    Config base = Config.defaults();
    for (String key : toml.dottedKeySet()) {
      boolean named =
          key.startsWith("binaries.")
              || key.startsWith(REGISTRIES + ".")
              || key.startsWith(AGENTS + ".");
      if (!KEYS.contains(key) && !named) {
        mistake(
            key, "no such setting; known: " + String.join(", ", KEYS.stream().sorted().toList()));
      }
    }
    Config config =
        new Config(
            vmm(),
            Config.AcceleratorChoice.valueOf(
                choice("accel", "auto", "auto", "kvm", "tcg").toUpperCase(Locale.ROOT)),
            new Config.VmDefaults(
                string("vm.image", base.vm().image()),
                (int) number("vm.cpus", MOST_CPUS).orElse(base.vm().cpus()),
                size("vm.memory", base.vm().memory()),
                size("vm.disk", base.vm().disk()),
                seconds("vm.boot_timeout"),
                seconds("vm.hang_timeout"),
                new Config.Rates(rate("vm.disk_rate"), rate("vm.net_rate"))),
            new Config.Authorization(strings("authorization.keys"), git(), agents(), synced()),
            binaries(),
            new Config.Log(
                choice("log.level", "info", "debug", "info", "warn", "error"),
                choice("log.format", "text", "text", "json")),
            new Config.Admission(
                ratio("admission.memory_overcommit", base.admission().memoryOvercommit()),
                size("admission.disk_floor", base.admission().diskFloor())),
            registries(base.registries()),
            catalogs(),
            network(base.network()),
            disks(base.disks()));
    if (!mistakes.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot use " + file + ": " + String.join("; ", mistakes),
          "correct these lines; docs/config.md lists every setting");
    }
    return config;
  }

  private void mistake(String key, String what) {
    mistakes.add(toml.inputPositionOf(key) + ": " + key + ": " + what);
  }

  private @Nullable Object get(String key) {
    return toml.errors().isEmpty() ? toml.get(key) : null;
  }

  private String string(String key, String fallback) {
    return switch (get(key)) {
      case null -> fallback;
      case String text -> text;
      default -> {
        mistake(key, "write text in quotes");
        yield fallback;
      }
    };
  }

  private String choice(String key, String fallback, String... allowed) {
    String value = string(key, fallback);
    if (!List.of(allowed).contains(value)) {
      mistake(key, "write one of " + String.join(", ", allowed));
      return fallback;
    }
    return value;
  }

  private ByteSize size(String key, ByteSize fallback) {
    String text = string(key, "");
    if (text.isEmpty()) {
      return fallback;
    }
    try {
      return ByteSize.parse(text);
    } catch (BangerException e) {
      mistake(key, e.hint());
      return fallback;
    }
  }

  private Optional<ByteSize> rate(String key) {
    ByteSize rate = size(key, ByteSize.mib(0));
    if (rate.bytes() > 0 && rate.compareTo(LEAST_RATE) < 0) {
      mistake(key, "write at least " + LEAST_RATE + " (a second)");
    }
    return Optional.of(rate).filter(r -> r.bytes() > 0);
  }

  private Optional<Duration> seconds(String key) {
    OptionalLong seconds = number(key, MOST_SECONDS);
    return seconds.isPresent()
        ? Optional.of(Duration.ofSeconds(seconds.getAsLong()))
        : Optional.empty();
  }

  private OptionalLong number(String key, int most) {
    return switch (get(key)) {
      case null -> OptionalLong.empty();
      case Long value when value >= 1 && value <= most -> OptionalLong.of(value);
      default -> {
        mistake(key, "write a number from 1 to " + most);
        yield OptionalLong.empty();
      }
    };
  }

  private double ratio(String key, double fallback) {
    double value =
        switch (get(key)) {
          case null -> fallback;
          case Long whole -> whole;
          case Double broken -> broken;
          default -> -1;
        };
    if (value < LEAST_RATIO || value > MOST_RATIO) {
      mistake(key, "write a number from " + LEAST_RATIO + " to " + MOST_RATIO);
      return fallback;
    }
    return value;
  }

  private List<String> strings(String key) {
    return switch (get(key)) {
      case null -> List.of();
      case TomlArray array when array.toList().stream().allMatch(String.class::isInstance) ->
          array.toList().stream().map(String.class::cast).toList();
      default -> {
        mistake(key, "write a list of texts: [\"...\"]");
        yield List.of();
      }
    };
  }

  private Map<String, List<String>> agents() {
    Map<String, List<String>> agents = new HashMap<>();
    if (get(AGENTS) instanceof TomlTable table) {
      for (String name : table.keySet()) {
        List<String> keys = strings(AGENTS + "." + name);
        if (!keys.stream().allMatch(key -> key.matches(FINGERPRINT))) {
          mistake(
              AGENTS + "." + name, "write what `ssh-add -l` shows: [\"SHA256:...\"], or [\"*\"]");
        }
        agents.put(name, keys);
      }
    }
    return agents;
  }

  private Config.Git git() {
    String name = line("authorization.git_name", ".*");
    String email = line("authorization.git_email", ".*");
    return new Config.Git(name, email, line("authorization.git_signing_key", SIGNING_KEY));
  }

  private String line(String key, String pattern) {
    String text = string(key, "");
    if (!text.isEmpty() && !text.matches(pattern)) {
      mistake(key, "write one line" + (pattern.equals(SIGNING_KEY) ? " of a .pub file" : ""));
      return "";
    }
    return text;
  }

  private List<Config.Synced> synced() {
    List<Config.Synced> files = new ArrayList<>();
    if (get(SyncParser.KEY) instanceof TomlArray tables) {
      new SyncParser(tables, what -> mistake(SyncParser.KEY, what)).addTo(files);
    } else if (get(SyncParser.KEY) != null) {
      mistake(SyncParser.KEY, "write [[sync]], and from, to and mode below it");
    }
    return files;
  }

  private Map<String, Path> binaries() {
    Map<String, Path> paths = new HashMap<>();
    if (get("binaries") instanceof TomlTable table) {
      for (String name : table.keySet()) {
        String path = string("binaries." + name, "");
        if (path.startsWith("/")) {
          paths.put(name, Path.of(path));
        } else {
          mistake("binaries." + name, "write an absolute path");
        }
      }
    }
    return paths;
  }

  private RegistrySettings registries(RegistrySettings base) {
    Map<String, RegistrySettings.Host> hosts = new HashMap<>();
    if (get(REGISTRIES) instanceof TomlTable table) {
      for (String name : table.keySet()) {
        hosts.put(name, host(table, name));
      }
    }
    return new RegistrySettings(
        string("registries.default", base.standard()),
        path("registries.ca"),
        (int) number("registries.downloads", MOST_DOWNLOADS).orElse(base.downloads()),
        size("registries.cache", base.cache()),
        hosts);
  }

  private CatalogSettings catalogs() {
    List<Path> files = new ArrayList<>();
    for (String file : strings("catalogs.files")) {
      if (file.startsWith("/")) {
        files.add(Path.of(file));
      } else {
        mistake("catalogs.files", "write absolute paths");
      }
    }
    List<URI> urls = new ArrayList<>();
    for (String url : strings("catalogs.urls")) {
      try {
        urls.add(webAddress(url));
      } catch (URISyntaxException e) {
        mistake("catalogs.urls", "write addresses that begin with https:// or http://");
      }
    }
    List<String> keys = strings("catalogs.keys");
    for (String key : keys) {
      try {
        PublicKey _ = BundleKeys.publicKey(key);
      } catch (IllegalArgumentException e) {
        mistake("catalogs.keys", "write what `banger catalog key FILE` prints: ed25519:...");
      }
    }
    return new CatalogSettings(files, urls, keys);
  }

  private DiskSettings disks(DiskSettings base) {
    String driver = choice("disks.driver", "auto", "auto", "dm-snapshot", "overlay");
    ByteSize reserve = size("disks.reserve", base.reserve());
    if (reserve.compareTo(DiskSettings.LEAST_RESERVE) < 0) {
      mistake("disks.reserve", "write " + DiskSettings.LEAST_RESERVE + " or more");
    }
    return new DiskSettings(
        DiskSettings.Driver.valueOf(driver.toUpperCase(Locale.ROOT).replace('-', '_')), reserve);
  }

  private NetworkSettings network(NetworkSettings base) {
    String bridge = string("network.bridge", base.bridge());
    if (!bridge.matches("|[A-Za-z][A-Za-z0-9_-]{0,14}")) {
      mistake("network.bridge", "write the name of an interface: at most 15 letters and digits");
    }
    return new NetworkSettings(
        NetworkSettings.Mode.valueOf(
            choice("network.mode", "auto", "auto", "bridge", "user").toUpperCase(Locale.ROOT)),
        bridge,
        string("network.subnet", base.subnet()),
        (int) number("network.taps", MOST_TAPS).orElse(base.taps()),
        flag("network.manage_forwarding", base.manageForwarding()),
        loopback("network.dns", base.dns()),
        NetworkSettings.User.valueOf(
            choice("network.user", "auto", "auto", "passt", "qemu").toUpperCase(Locale.ROOT)));
  }

  /** {@code "off"}, or an address of loopback with a port. */
  private Optional<InetSocketAddress> loopback(String key, Optional<InetSocketAddress> fallback) {
    String text = string(key, "");
    if (text.isEmpty() || text.equals("off")) {
      return text.isEmpty() ? fallback : Optional.empty();
    }
    int colon = text.lastIndexOf(':');
    try {
      String host = text.substring(0, Math.max(colon, 0)).replaceAll("^\\[(.*)]$", "$1");
      int port = Integer.parseInt(text.substring(colon + 1));
      InetAddress address = InetAddress.ofLiteral(host);
      if (address.isLoopbackAddress() && port >= 1 && port <= MOST_PORT) {
        return Optional.of(new InetSocketAddress(address, port));
      }
    } catch (IllegalArgumentException e) {
      mistake(key, "write \"off\", or an address of loopback with a port: \"127.0.0.1:5354\"");
      return fallback;
    }
    mistake(key, "it answers this host only: write an address of loopback with a port");
    return fallback;
  }

  private boolean flag(String key, boolean fallback) {
    return switch (get(key)) {
      case null -> fallback;
      case Boolean value -> value;
      default -> {
        mistake(key, "write true or false");
        yield fallback;
      }
    };
  }

  private static URI webAddress(String text) throws URISyntaxException {
    URI address = new URI(text);
    boolean web = List.of("http", "https").contains(String.valueOf(address.getScheme()));
    if (!web || address.getHost() == null || address.getUserInfo() != null) {
      throw new URISyntaxException(text, "no web address");
    }
    return address;
  }

  private RegistrySettings.Host host(TomlTable hosts, String name) {
    // A host has dots: it is quoted wherever it stands in a key.
    String table = REGISTRIES + ".\"" + name.replace("\"", "") + "\"";
    if (!(hosts.get(List.of(name)) instanceof TomlTable host)) {
      mistake(REGISTRIES, "write [" + table + "] and settings below it");
      return RegistrySettings.Host.USUAL;
    }
    for (String key : host.keySet()) {
      if (!REGISTRY_KEYS.contains(key)) {
        mistake(table, "no such setting '" + key + "'; known: ca, http, mirrors");
      }
    }
    String key = table + ".http";
    Optional<Boolean> http = get(key) == null ? Optional.empty() : Optional.of(flag(key, false));
    return new RegistrySettings.Host(http, strings(table + ".mirrors"), path(table + ".ca"));
  }

  private VmmSettings vmm() {
    return new VmmSettings(
        VmmSettings.Choice.valueOf(
            choice("vmm", "auto", "auto", "firecracker", "qemu").toUpperCase(Locale.ROOT)),
        VmmSettings.Jailer.valueOf(
            choice("firecracker.jailer", "auto", "auto", "always", "never")
                .toUpperCase(Locale.ROOT)),
        path("firecracker.releases"));
  }

  private Optional<Path> path(String key) {
    String path = string(key, "");
    if (!path.isEmpty() && !path.startsWith("/")) {
      mistake(key, "write an absolute path");
    }
    return path.startsWith("/") ? Optional.of(Path.of(path)) : Optional.empty();
  }
}
