package dev.banger.config;

import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code [registries]}: where images come from that docker would pull.
 *
 * @param standard the registry of names that name none
 * @param authority a file of certificates (PEM) to trust beside the system's
 * @param downloads how many layers of one image are downloaded at once
 * @param cache how much is kept in the layer cache once an image is made
 * @param hosts what is special about a registry, by its name (and port)
 */
public record RegistrySettings(
    String standard,
    Optional<Path> authority,
    int downloads,
    ByteSize cache,
    Map<String, Host> hosts) {
  /**
   * {@code [registries.hosts."HOST:PORT"]}.
   *
   * @param http whether it speaks http; empty: only on this machine, and there unless it has an
   *     authority
   * @param mirrors {@code host[:port]}, asked before the registry itself
   * @param authority a file of certificates (PEM) to trust for it
   */
  public record Host(Optional<Boolean> http, List<String> mirrors, Optional<Path> authority) {
    static final Host USUAL = new Host(Optional.empty(), List.of(), Optional.empty());

    public Host {
      mirrors = List.copyOf(mirrors);
    }
  }

  public RegistrySettings {
    hosts = Map.copyOf(hosts);
  }

  /** What holds where the file says nothing. */
  public static RegistrySettings defaults() {
    return new RegistrySettings("docker.io", Optional.empty(), 4, ByteSize.gib(10), Map.of());
  }

  /** What is special about this registry. */
  public Host host(String name) {
    return hosts.getOrDefault(name, Host.USUAL);
  }
}
