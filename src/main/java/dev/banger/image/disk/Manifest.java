package dev.banger.image.disk;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Names and values in a properties file beside what they describe. */
public final class Manifest {
  private static final long SIZE_LIMIT = 1 << 20;

  private static final Pattern ESCAPED = Pattern.compile("\\\\(.)");

  private final Path file;
  private final Map<String, String> values;

  private Manifest(Path file, Map<String, String> values) {
    this.file = file;
    this.values = values;
  }

  /** CORRUPT when it cannot be read. */
  public static Manifest read(Path file) throws BangerException {
    try {
      if (Files.size(file) > SIZE_LIMIT) {
        throw new IOException("it is larger than " + SIZE_LIMIT + " bytes");
      }
      Properties properties = new Properties();
      properties.load(new StringReader(Files.readString(file)));
      Map<String, String> values = new TreeMap<>();
      properties.forEach((name, value) -> values.put(name.toString(), value.toString()));
      return new Manifest(file, values);
    } catch (IOException | IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.CORRUPT, "cannot read " + file, "delete its directory and pull again", e);
    }
  }

  /** Written beside, then renamed. */
  public static void write(Path file, Map<String, String> values) throws IOException {
    Publication.writeFile(file, text(values).getBytes(StandardCharsets.UTF_8));
  }

  /** As it stands in a file. */
  public static String text(Map<String, String> values) {
    Properties properties = new Properties();
    properties.putAll(values);
    StringWriter text = new StringWriter();
    try {
      properties.store(text, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String sorted =
        String.join(
            "\n", text.toString().lines().filter(line -> !line.startsWith("#")).sorted().toList());
    return sorted + "\n";
  }

  public String text(String name) throws BangerException {
    String value = values.get(name);
    if (value == null) {
      throw corrupt(name, "is missing", null);
    }
    return value;
  }

  /** What was not written by every version. */
  public String textOr(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /** What {@link #lines} made one text of; none when the name is missing. */
  public List<String> list(String name) {
    String text = textOr(name, "");
    if (text.isEmpty()) {
      return List.of();
    }
    return Stream.of(text.split("\n", -1))
        .map(line -> ESCAPED.matcher(line).replaceAll(Manifest::plain))
        .toList();
  }

  private static String plain(MatchResult escaped) {
    return escaped.group(1).equals("n") ? "\n" : Matcher.quoteReplacement(escaped.group(1));
  }

  /** One text, in which a line break within an item is written as {@code \\n}. */
  public static String lines(List<String> items) {
    return items.stream()
        .map(item -> item.replace("\\", "\\\\").replace("\n", "\\n"))
        .collect(Collectors.joining("\n"));
  }

  public long number(String name) throws BangerException {
    try {
      return Long.parseLong(text(name));
    } catch (NumberFormatException e) {
      throw corrupt(name, "is no number", e);
    }
  }

  public Instant time(String name) throws BangerException {
    try {
      return Instant.parse(text(name));
    } catch (DateTimeException e) {
      throw corrupt(name, "is no time", e);
    }
  }

  public UUID uuid(String name) throws BangerException {
    try {
      return UUID.fromString(text(name));
    } catch (IllegalArgumentException e) {
      throw corrupt(name, "is no UUID", e);
    }
  }

  private BangerException corrupt(
      String name, String what, java.lang.@org.jspecify.annotations.Nullable Exception cause) {
    return new BangerException(
        ErrorCode.CORRUPT,
        name + " " + what + " in " + file,
        "delete its directory and pull again",
        cause);
  }
}
