package dev.banger.image.oci;

import dev.banger.model.BangerException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Names an image as docker and skopeo do: {@code debian}, {@code team/name:tag}, {@code
 * host:5000/name@sha256:...}, {@code oci:/directory:tag}, {@code oci-archive:/file.tar:tag}, {@code
 * docker-archive:/file.tar:name:tag}.
 */
public sealed interface OciReference {
  /**
   * In a registry. A digest says exactly which; a tag beside it is only shown.
   *
   * @param registry its host, with a port where one was named
   * @param repository the path below it
   */
  record Remote(String registry, String repository, Optional<String> tag, Optional<Digest> digest)
      implements OciReference {
    /** What the registry is asked for: the digest, else the tag, else {@code latest}. */
    String wanted() {
      return digest.map(Digest::toString).orElse(tag.orElse(LATEST));
    }

    @Override
    public String toString() {
      String shownTag = tag.map(t -> ":" + t).orElse(digest.isPresent() ? "" : ":" + LATEST);
      return registry + "/" + repository + shownTag + digest.map(d -> "@" + d).orElse("");
    }
  }

  /** A directory in the OCI image layout. */
  record Layout(Path directory, Optional<String> tag) implements OciReference {
    @Override
    public String toString() {
      return "oci:" + directory + tag.map(t -> ":" + t).orElse("");
    }
  }

  /** A tar file that holds such a layout. */
  record OciArchive(Path file, Optional<String> tag) implements OciReference {
    @Override
    public String toString() {
      return "oci-archive:" + file + tag.map(t -> ":" + t).orElse("");
    }
  }

  /** A tar file as {@code docker save} writes it; the name is one of its tags. */
  record DockerArchive(Path file, Optional<String> name) implements OciReference {
    @Override
    public String toString() {
      return "docker-archive:" + file + name.map(n -> ":" + n).orElse("");
    }
  }

  String LATEST = "latest";

  /** The registry of images that docker finds without naming one. */
  String DOCKER_HUB = "docker.io";

  /**
   * Reads what a user typed. Paths must be absolute; none may hold a colon.
   *
   * @param standard the registry of names that name none
   */
  static OciReference parse(String text, String standard) throws BangerException {
    return ReferenceParser.parse(text, standard);
  }
}
