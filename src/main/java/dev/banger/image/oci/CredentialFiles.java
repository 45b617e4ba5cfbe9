package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code docker login} and {@code podman login} left: the first file that knows the registry
 * wins. In each, a helper for this registry comes first, then what the file holds itself, then the
 * helper for all.
 */
final class CredentialFiles implements Credentials {
  private static final int SIZE_LIMIT = 1 << 20;
  private static final Set<String> HUB_NAMES =
      Set.of("index.docker.io", "registry-1.docker.io", OciReference.DOCKER_HUB);
  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private final List<Path> files;
  private final Binaries binaries;

  CredentialFiles(Map<String, String> environment, Binaries binaries) {
    this.files = files(environment);
    this.binaries = binaries;
  }

  /** In podman's order, docker's last. */
  private static List<Path> files(Map<String, String> environment) {
    List<Path> files = new ArrayList<>();
    String named = environment.getOrDefault("REGISTRY_AUTH_FILE", "");
    String run = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    Path home = Path.of(environment.getOrDefault("HOME", "/"));
    String settings = environment.getOrDefault("XDG_CONFIG_HOME", "");
    String docker = environment.getOrDefault("DOCKER_CONFIG", "");
    if (!named.isEmpty()) {
      files.add(Path.of(named));
    } else if (!run.isEmpty()) {
      files.add(Path.of(run, "containers/auth.json"));
    }
    Path config = settings.isEmpty() ? home.resolve(".config") : Path.of(settings);
    files.add(config.resolve("containers/auth.json"));
    files.add(
        (docker.isEmpty() ? home.resolve(".docker") : Path.of(docker)).resolve("config.json"));
    return files;
  }

  @Override
  public Optional<Credential> find(String registry, String repository)
      throws BangerException, InterruptedException {
    for (Path file : files) {
      if (Files.isRegularFile(file)) {
        Optional<Credential> found = findIn(file, registry, repository);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Credential> findIn(Path file, String registry, String repository)
      throws BangerException, InterruptedException {
    try {
      if (Files.size(file) > SIZE_LIMIT) {
        throw new MalformedException("it is larger than " + SIZE_LIMIT + " bytes");
      }
      JsonObject json = JsonObject.parse(Files.readAllBytes(file));
      Map<String, String> helpers = byHost(json.map("credHelpers"));
      String helper = helpers.get(registry);
      if (helper != null) {
        return askHelper(helper, registry);
      }
      Optional<Credential> own = own(file, json.object("auths"), registry, repository);
      String store = json.text("credsStore");
      return own.isPresent() || store.isEmpty() ? own : askHelper(store, registry);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot read the credentials in " + file, "correct or remove it", e);
    }
  }

  private Optional<Credential> askHelper(String name, String registry)
      throws BangerException, InterruptedException {
    String server = registry.equals(OciReference.DOCKER_HUB) ? HUB_KEY : registry;
    return new CredentialHelper(name, binaries).get(server);
  }

  private static Map<String, String> byHost(Map<String, String> entries) {
    Map<String, String> byHost = new LinkedHashMap<>();
    entries.forEach((key, value) -> byHost.putIfAbsent(host(key), value));
    return byHost;
  }

  /** docker writes hosts as addresses of version 1 of the protocol, too. */
  private static String host(String key) {
    String plain = key.replaceFirst("^https?://", "");
    if (!plain.equals(key)) {
      int slash = plain.indexOf('/');
      plain = slash < 0 ? plain : plain.substring(0, slash);
    }
    return HUB_NAMES.contains(plain) ? OciReference.DOCKER_HUB : plain;
  }

  /** The entry for the longest part of the name wins. */
  private static Optional<Credential> own(
      Path file, JsonObject entries, String registry, String repository) throws IOException {
    String wanted = registry + "/" + repository;
    while (true) {
      for (String key : entries.names()) {
        if (host(key).equals(wanted)) {
          Optional<Credential> found = entry(file, entries.object(key));
          if (found.isPresent()) {
            return found;
          }
        }
      }
      int slash = wanted.lastIndexOf('/');
      if (slash < 0) {
        return Optional.empty();
      }
      wanted = wanted.substring(0, slash);
    }
  }

  private static Optional<Credential> entry(Path file, JsonObject entry) throws IOException {
    String origin = file.toString();
    if (!entry.text("registrytoken").isEmpty()) {
      return Optional.of(new Credential.RegistryToken(entry.text("registrytoken"), origin));
    }
    if (!entry.text("identitytoken").isEmpty()) {
      return Optional.of(new Credential.IdentityToken(entry.text("identitytoken"), origin));
    }
    if (!entry.text("auth").isEmpty()) {
      return Optional.of(password(entry.text("auth"), origin));
    }
    if (!entry.text("username").isEmpty()) {
      return Optional.of(
          new Credential.Password(entry.text("username"), entry.text("password"), origin));
    }
    return Optional.empty();
  }

  private static Credential password(String auth, String origin) throws MalformedException {
    try {
      String both = new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8);
      int colon = both.indexOf(':');
      if (colon > 0) {
        // docker pads its passwords with NUL.
        String secret = both.substring(colon + 1).replaceFirst("\0+$", "");
        return new Credential.Password(both.substring(0, colon), secret, origin);
      }
    } catch (IllegalArgumentException e) {
      // The text must not get into a message: it is nearly a password.
    }
    throw new MalformedException("an 'auth' in it is not user:password in base64");
  }
}
