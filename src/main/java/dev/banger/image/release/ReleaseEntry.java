package dev.banger.image.release;

import dev.banger.image.oci.Digest;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One release that can be had: an archive (tar, gzip) whose digest is known before it is fetched.
 *
 * @param name of the VMM
 * @param url http, https or file; relative to the catalog
 */
public record ReleaseEntry(
    String name, String version, String architecture, URI url, long size, Digest digest) {
  /** In the order of their numbers. */
  static final Comparator<String> VERSIONS =
      Comparator.comparing(ReleaseEntry::numbers, ReleaseEntry::compare);

  private static final Pattern VERSION = Pattern.compile("[0-9]{1,5}(\\.[0-9]{1,5}){0,3}");
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
  private static final long LARGEST = 1L << 30;

  public ReleaseEntry {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("'" + name + "' is no name of a VMM");
    }
    if (!VERSION.matcher(version).matches()) {
      throw new IllegalArgumentException("'" + version + "' is no version: write 1.16.1");
    }
    if (size < 1 || size > LARGEST) {
      throw new IllegalArgumentException("a size of " + size + " bytes, not 1 to " + LARGEST);
    }
  }

  private static List<Integer> numbers(String version) {
    List<Integer> numbers = new ArrayList<>();
    for (String word : version.split("\\.", -1)) {
      numbers.add(Integer.parseInt(word));
    }
    return numbers;
  }

  private static int compare(List<Integer> one, List<Integer> other) {
    for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
      int order = one.get(i).compareTo(other.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(one.size(), other.size());
  }

  /**
   * Reads a catalog: {@code {"releases": [{"name", "version", "architecture", "url", "size",
   * "sha256"}]}}. INVALID when a field is missing or wrong.
   *
   * @param from where it stands; relative addresses begin there
   */
  static List<ReleaseEntry> parse(String text, URI from) throws BangerException {
    try {
      Object all = Jsonb.builder().build().type(Object.class).fromJson(text);
      if (!(all instanceof Map<?, ?> map) || !(map.get("releases") instanceof List<?> releases)) {
        throw new IllegalArgumentException("there is no list \"releases\" in it");
      }
      List<ReleaseEntry> entries = new ArrayList<>();
      for (Object release : releases) {
        entries.add(entry(release, from));
      }
      return List.copyOf(entries);
    } catch (JsonException | IllegalStateException | IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot understand the catalog of releases " + from,
          "docs/firecracker.md shows one",
          e);
    }
  }

  private static ReleaseEntry entry(@Nullable Object release, URI from) {
    if (!(release instanceof Map<?, ?> fields)) {
      throw new IllegalArgumentException("a release that is no object");
    }
    Optional<Digest> digest = Digest.read("sha256:" + text(fields, "sha256"));
    if (!(fields.get("size") instanceof Number size) || digest.isEmpty()) {
      throw new IllegalArgumentException("a release without its size, or without a right sha256");
    }
    return new ReleaseEntry(
        text(fields, "name"),
        text(fields, "version"),
        text(fields, "architecture"),
        from.resolve(text(fields, "url")),
        size.longValue(),
        digest.get());
  }

  private static String text(Map<?, ?> fields, String name) {
    if (fields.get(name) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new IllegalArgumentException("a release without its \"" + name + "\"");
  }
}
