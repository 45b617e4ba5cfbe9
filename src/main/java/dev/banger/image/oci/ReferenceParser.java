package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The grammar of docker's references. */
final class ReferenceParser {
  private static final int LENGTH_LIMIT = 4096;
  private static final int NAME_LIMIT = 255;
  private static final int LAST_PORT = 65_535;
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final Pattern COMPONENT =
      Pattern.compile("[a-z0-9]++(?:(?:\\.|__?|-++)[a-z0-9]++)*+");
  private static final Pattern HOST =
      Pattern.compile(
          "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
              + "|\\[[0-9a-fA-F:]{2,45}\\])(?::[0-9]{1,5})?");
  private static final Pattern IMAGE_ID = Pattern.compile("[0-9a-f]{64}");

  private final String text;

  private ReferenceParser(String text) {
    this.text = text;
  }

  static OciReference parse(String text, String standard) throws BangerException {
    ReferenceParser parser = new ReferenceParser(text);
    if (text.length() > LENGTH_LIMIT) {
      throw parser.bad("it is longer than " + LENGTH_LIMIT + " characters");
    }
    int colon = text.indexOf(':');
    return switch (colon < 0 || !parser.isPath(colon) ? "" : text.substring(0, colon)) {
      case "oci" -> new OciReference.Layout(parser.path(colon + 1), parser.behindPath(colon + 1));
      case "oci-archive" ->
          new OciReference.OciArchive(parser.path(colon + 1), parser.behindPath(colon + 1));
      case "docker-archive" ->
          new OciReference.DockerArchive(parser.path(colon + 1), parser.behindPath(colon + 1));
      default -> parser.remote(standard);
    };
  }

  /** A repository may be called {@code oci}, too: then no path follows. */
  private boolean isPath(int colon) {
    return colon + 1 < text.length() && (text.indexOf('/') >= 0 || text.startsWith(".", colon + 1));
  }

  private int pathEnd(int begin) {
    int colon = text.indexOf(':', begin);
    return colon < 0 ? text.length() : colon;
  }

  private Path path(int begin) throws BangerException {
    try {
      Path path = Path.of(text.substring(begin, pathEnd(begin)));
      if (!path.isAbsolute()) {
        throw bad("the path must be absolute");
      }
      return path.normalize();
    } catch (InvalidPathException e) {
      throw bad("it holds no path");
    }
  }

  private Optional<String> behindPath(int begin) throws BangerException {
    int end = pathEnd(begin);
    if (end == text.length()) {
      return Optional.empty();
    }
    String rest = text.substring(end + 1);
    if (rest.isEmpty()
        || rest.length() > LENGTH_LIMIT
        || rest.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw bad("behind the path stands no tag");
    }
    return Optional.of(rest);
  }

  private OciReference.Remote remote(String standard) throws BangerException {
    int at = text.indexOf('@');
    Optional<Digest> digest = at < 0 ? Optional.empty() : Digest.read(text.substring(at + 1));
    if (at >= 0 && digest.isEmpty()) {
      throw bad("behind the @ stands no digest: sha256: and 64 digits from 0 to f");
    }
    String named = at < 0 ? text : text.substring(0, at);
    int colon = named.lastIndexOf(':');
    boolean tagged = colon > named.lastIndexOf('/') && !named.endsWith("]");
    Optional<String> tag = tagged ? Optional.of(named.substring(colon + 1)) : Optional.empty();
    if (tag.isPresent() && !TAG.matcher(tag.get()).matches()) {
      throw bad("behind the colon stands no tag");
    }
    return named(tagged ? named.substring(0, colon) : named, tag, digest, standard);
  }

  private OciReference.Remote named(
      String name, Optional<String> tag, Optional<Digest> digest, String standard)
      throws BangerException {
    if (name.length() > NAME_LIMIT) {
      throw bad("its name is longer than " + NAME_LIMIT + " characters");
    }
    if (IMAGE_ID.matcher(name).matches()) {
      throw bad("a name cannot be 64 digits from 0 to f");
    }
    int slash = name.indexOf('/');
    boolean hosted = slash > 0 && isHost(name.substring(0, slash));
    String registry = hosted ? name.substring(0, slash) : standard;
    if (registry.equals("index." + OciReference.DOCKER_HUB)) {
      registry = OciReference.DOCKER_HUB;
    }
    String repository = hosted ? name.substring(slash + 1) : name;
    if (!HOST.matcher(registry).matches()) {
      throw bad("'" + registry + "' is no host of a registry");
    }
    int port = registry.lastIndexOf(':');
    if (port > registry.lastIndexOf(']')
        && port >= 0
        && Integer.parseInt(registry.substring(port + 1)) > LAST_PORT) {
      throw bad("'" + registry + "' has no port of TCP");
    }
    checkRepository(repository);
    boolean official =
        repository.indexOf('/') < 0 && (!hosted || registry.equals(OciReference.DOCKER_HUB));
    return new OciReference.Remote(
        registry, official ? "library/" + repository : repository, tag, digest);
  }

  private static boolean isHost(String first) {
    return first.indexOf('.') >= 0
        || first.indexOf(':') >= 0
        || first.equals("localhost")
        || !first.toLowerCase(Locale.ROOT).equals(first);
  }

  private void checkRepository(String repository) throws BangerException {
    for (String component : repository.split("/", -1)) {
      if (!COMPONENT.matcher(component).matches()) {
        boolean upper = !component.toLowerCase(Locale.ROOT).equals(component);
        throw bad(upper ? "write its name in lower case" : "its name is not well formed");
      }
    }
  }

  private BangerException bad(String why) {
    String shown = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return new BangerException(
        ErrorCode.INVALID,
        "'" + shown.replaceAll("\\p{Cntrl}", "?") + "' is no image reference: " + why,
        "write name:tag, host:port/name:tag or name@sha256:..., oci:/directory[:tag],"
            + " oci-archive:/file.tar[:tag] or docker-archive:/file.tar[:name:tag]");
  }
}
