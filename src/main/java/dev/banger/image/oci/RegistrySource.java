package dev.banger.image.oci;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** A repository in its registry and the registry's mirrors: whoever answers first has the word. */
final class RegistrySource implements BlobSource {
  /** What one of them is asked for. */
  @FunctionalInterface
  private interface Question<T> {
    T ask(Registry registry) throws BangerException, IOException, InterruptedException;
  }

  private final List<Registry> registries;
  private final Transport transport;
  private final Retry retry;
  private volatile Registry preferred;

  RegistrySource(List<Registry> registries, Transport transport, RetryPolicy policy) {
    this.registries = List.copyOf(registries);
    this.transport = transport;
    this.retry = new Retry(policy);
    this.preferred = registries.getFirst();
  }

  /** Of the first one that has it. */
  Registry.Document manifest(String wanted) throws BangerException, InterruptedException {
    try {
      return first(registry -> {
        Registry.Document document = registry.manifest(wanted);
        preferred = registry;
        return document;
      });
    } catch (IOException e) {
      throw Retry.failure("cannot read the manifest of " + preferred, e);
    }
  }

  @Override
  public Incoming open(Descriptor blob, long offset)
      throws BangerException, IOException, InterruptedException {
    if (MediaTypes.isForeign(blob.mediaType())) {
      for (URI url : blob.urls()) {
        try {
          return WebContents.incoming(transport, retry, url, blob, offset);
        } catch (BangerException e) {
          // The registry may have been given a copy.
        }
      }
    }
    return first(registry -> registry.open(blob, offset));
  }

  private <T> T first(Question<T> question)
      throws BangerException, IOException, InterruptedException {
    List<Registry> order = new ArrayList<>(List.of(preferred));
    registries.stream().filter(r -> !order.contains(r)).forEach(order::add);
    List<BangerException> failures = new ArrayList<>();
    for (Registry registry : order) {
      try {
        return question.ask(registry);
      } catch (BangerException e) {
        failures.add(e);
      }
    }
    // The registry itself knows best why.
    BangerException last = failures.getLast();
    failures.subList(0, failures.size() - 1).forEach(last::addSuppressed);
    throw last;
  }

  @Override
  public String toString() {
    return preferred.toString();
  }
}
