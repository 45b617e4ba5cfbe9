package dev.banger.catalog;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import io.avaje.json.JsonException;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A list of images that can be had. docs/images.md shows a catalog's file.
 *
 * @param name what people call it
 */
public record Catalog(String name, List<CatalogEntry> entries) {
  /** The longest file of a catalog, in bytes. */
  public static final int SIZE_LIMIT = 1 << 20;

  private static final int DEEPEST = 16;
  private static final int MOST_ENTRIES = 2_000;
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}";

  public Catalog {
    entries = List.copyOf(entries);
  }

  /** One reader for all: making it costs more than reading. */
  private static final class Reading {
    static final JsonType<Map<String, Object>> JSON =
        Jsonb.builder().build().type(Object.class).map();
  }

  /**
   * Reads a catalog's file; members that it does not know are passed over. INVALID when it is none,
   * or an entry is malformed.
   *
   * @param from where the text was found, for messages
   */
  public static Catalog parse(String text, String from) throws BangerException {
    requireFlat(text, from);
    Map<String, Object> file;
    try {
      file = Reading.JSON.fromJson(text);
    } catch (JsonException | IllegalStateException e) {
      throw invalid(from, "it is not JSON as docs/images.md shows it", e);
    }
    boolean named =
        file != null && file.get("catalog") instanceof String name && name.matches(NAME);
    if (!named || !(file.get("images") instanceof List<?> images)) {
      throw invalid(from, "it must have a name in `catalog` and a list in `images`", null);
    }
    if (images.size() > MOST_ENTRIES) {
      throw invalid(from, "it has more than " + MOST_ENTRIES + " images", null);
    }
    List<CatalogEntry> entries = new ArrayList<>();
    for (Object image : images) {
      try {
        entries.add(entry(image));
      } catch (IllegalArgumentException e) {
        String which = "image " + (entries.size() + 1) + " of " + images.size() + ": ";
        throw invalid(from, which + e.getMessage(), null);
      }
    }
    return new Catalog(text(file, "catalog"), entries);
  }

  /** What is nested deeply is no catalog, and costs the reader its stack. */
  private static void requireFlat(String text, String from) throws BangerException {
    int depth = 0;
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted && c == '\\') {
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == '{' || c == '[')) {
        depth++;
      } else if (!quoted && (c == '}' || c == ']')) {
        depth--;
      }
      if (depth > DEEPEST) {
        throw invalid(from, "it is nested more than " + DEEPEST + " deep", null);
      }
    }
  }

  private static CatalogEntry entry(@Nullable Object image) {
    if (!(image instanceof Map<?, ?> members)) {
      throw new IllegalArgumentException("it is no object");
    }
    String reference = text(members, "reference");
    String url = text(members, "url");
    if (reference.isEmpty() == url.isEmpty()) {
      throw new IllegalArgumentException("it needs either a reference or the url of a bundle");
    }
    CatalogEntry.Origin origin =
        url.isEmpty()
            ? new CatalogEntry.Elsewhere(reference)
            : new CatalogEntry.Bundle(
                text(members, "kernel"),
                url,
                members.get("size") instanceof Long size ? size : 0,
                text(members, "sha256"),
                text(members, "signature"));
    return new CatalogEntry(
        text(members, "name"),
        text(members, "version"),
        text(members, "architecture"),
        text(members, "description"),
        origin);
  }

  private static String text(Map<?, ?> members, String name) {
    return members.get(name) instanceof String text ? text : "";
  }

  private static BangerException invalid(String from, String why, @Nullable Exception cause) {
    return new BangerException(
        ErrorCode.INVALID,
        "cannot use the catalog " + from + ": " + why,
        "correct the file",
        cause);
  }

  /** The file, for people too. */
  public String text() {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("catalog", name);
    file.put("images", entries.stream().map(Catalog::members).toList());
    return Reading.JSON.toJsonPretty(file) + "\n";
  }

  private static Map<String, Object> members(CatalogEntry entry) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("name", entry.name());
    members.put("version", entry.version());
    members.put("architecture", entry.architecture());
    members.put("description", entry.description());
    switch (entry.origin()) {
      case CatalogEntry.Elsewhere(String reference) -> members.put("reference", reference);
      case CatalogEntry.Bundle bundle -> {
        members.put("kernel", bundle.kernel());
        members.put("url", bundle.url());
        members.put("size", bundle.size());
        members.put("sha256", bundle.sha256());
        members.put("signature", bundle.signature());
      }
    }
    members.values().removeIf(""::equals);
    return members;
  }

  /** With this entry in the place of the one of its reference and architecture, else in front. */
  public Catalog with(CatalogEntry entry) {
    List<CatalogEntry> changed = new ArrayList<>();
    changed.add(entry);
    entries.stream().filter(other -> !same(other, entry)).forEach(changed::add);
    return new Catalog(name, changed);
  }

  private static boolean same(CatalogEntry one, CatalogEntry other) {
    return one.reference().equals(other.reference())
        && one.architecture().equals(other.architecture());
  }

  /** The image of this name and tag; {@code latest}, unless there is one, means the first. */
  public Optional<CatalogEntry> find(String image, String tag, String architecture) {
    List<CatalogEntry> named =
        entries.stream()
            .filter(e -> e.name().equals(image) && e.architecture().equals(architecture))
            .toList();
    Optional<CatalogEntry> exact = named.stream().filter(e -> e.version().equals(tag)).findFirst();
    return exact.isPresent() || !tag.equals("latest") ? exact : named.stream().findFirst();
  }
}
