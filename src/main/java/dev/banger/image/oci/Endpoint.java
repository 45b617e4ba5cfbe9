package dev.banger.image.oci;

import dev.banger.config.RegistrySettings;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a registry, or one of its mirrors, answers.
 *
 * @param name as settings and credentials know it
 * @param base without a slash at its end
 */
record Endpoint(String name, URI base) {
  private static final String HUB_HOST = "registry-1.docker.io";

  /** In the order in which they are asked. */
  static List<Endpoint> of(String registry, RegistrySettings settings) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (String mirror : settings.host(registry).mirrors()) {
      endpoints.add(one(mirror, settings));
    }
    endpoints.add(one(registry, settings));
    return endpoints;
  }

  private static Endpoint one(String name, RegistrySettings settings) {
    RegistrySettings.Host host = settings.host(name);
    boolean local = Loopback.is(Loopback.hostOf(name)) && host.authority().isEmpty();
    boolean plain = host.http().orElse(local);
    String address = name.equals(OciReference.DOCKER_HUB) ? HUB_HOST : name;
    return new Endpoint(name, URI.create((plain ? "http://" : "https://") + address));
  }
}
