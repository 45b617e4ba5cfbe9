package dev.banger.image.oci;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Points to a content.
 *
 * @param urls where else it may be found; http or https
 * @param platform of an image in an index
 */
record Descriptor(
    String mediaType,
    Digest digest,
    long size,
    List<URI> urls,
    Map<String, String> annotations,
    Optional<Platform> platform) {
  private static final int MOST_URLS = 16;

  Descriptor {
    urls = List.copyOf(urls);
    annotations = Map.copyOf(annotations);
  }

  static Descriptor of(String mediaType, Digest digest, long size) {
    return new Descriptor(mediaType, digest, size, List.of(), Map.of(), Optional.empty());
  }

  static Descriptor read(JsonObject json) throws MalformedException {
    String name = json.text("digest");
    Digest digest =
        Digest.read(name)
            .orElseThrow(() -> new MalformedException("it holds a digest that is none"));
    long size =
        json.number("size")
            .filter(n -> n >= 0)
            .orElseThrow(
                () -> new MalformedException("it does not say how large " + digest + " is"));
    Optional<Platform> platform = Optional.empty();
    if (json.has("platform")) {
      JsonObject p = json.object("platform");
      platform = Optional.of(new Platform(p.text("os"), p.text("architecture"), p.text("variant")));
    }
    return new Descriptor(
        MediaTypes.plain(json.text("mediaType")),
        digest,
        size,
        urls(json.texts("urls")),
        json.map("annotations"),
        platform);
  }

  private static List<URI> urls(List<String> texts) {
    List<URI> urls = new ArrayList<>();
    for (String text : texts.subList(0, Math.min(MOST_URLS, texts.size()))) {
      try {
        URI url = new URI(text);
        if (List.of("http", "https").contains(String.valueOf(url.getScheme()))
            && url.getHost() != null
            && url.getUserInfo() == null) {
          urls.add(url);
        }
      } catch (URISyntaxException e) {
        // The registry may have it all the same.
      }
    }
    return urls;
  }
}
