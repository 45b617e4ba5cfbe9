package dev.banger.image;

import dev.banger.image.disk.Publication;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The images that are whole, by id and by name. At most one of them has a name. */
final class PublishedImages {
  private static final Logger LOG = LoggerFactory.getLogger(PublishedImages.class);
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

  private final Path root;

  PublishedImages(Path root) {
    this.root = root;
  }

  /** The newest first; without those that cannot be read, which the log tells. */
  List<Image> list() throws BangerException {
    List<Image> images = new ArrayList<>();
    for (Path directory : Publication.published(root)) {
      try {
        images.add(Image.read(directory));
      } catch (BangerException e) {
        if (Files.isDirectory(directory)) { // else it was deleted meanwhile
          LOG.warn("the image in {} is left out", directory, e);
        }
      }
    }
    images.sort(Comparator.comparing(Image::created).reversed());
    return images;
  }

  /** Looks at no other. */
  Optional<Image> ifThere(String id) throws BangerException {
    Path directory = root.resolve(id);
    boolean there = ID.matcher(id).matches() && Files.isDirectory(directory);
    return there ? Optional.of(Image.read(directory)) : Optional.empty();
  }

  Image byId(String id) throws BangerException {
    return ifThere(id)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "there is no image '" + id + "' on this host",
                "`banger image ls` lists them"));
  }

  Image find(String name) throws BangerException {
    Optional<Image> byId = ifThere(name);
    if (byId.isPresent()) {
      return byId.get();
    }
    ImageReference reference = ImageReference.parse(name);
    return named(reference)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "there is no image '" + reference + "' on this host",
                "`banger image ls` lists those that are here; `banger image pull "
                    + reference
                    + "` fetches it if a registry or a catalog has it"));
  }

  Optional<Image> named(ImageReference reference) throws BangerException {
    return list().stream()
        .filter(image -> image.reference().equals(reference) && image.named())
        .findFirst();
  }

  /**
   * Takes the name of this one from all others. One that keeps it nevertheless (the disk is full)
   * is settled by the next daemon: until then the newest one counts.
   */
  void giveName(Image image) throws BangerException {
    for (Image other : list()) {
      if (other.reference().equals(image.reference()) && !other.id().equals(image.id())) {
        takeName(other);
      }
    }
  }

  /** Of several with one name, as a daemon leaves them that died in between, the newest has it. */
  void settleNames() throws BangerException {
    Set<ImageReference> given = new HashSet<>();
    for (Image image : list()) {
      if (image.named() && !given.add(image.reference())) {
        takeName(image);
      }
    }
  }

  private static void takeName(Image image) {
    try {
      if (image.named()) {
        image.loseName();
      }
    } catch (BangerException e) {
      LOG.warn("the image {} keeps the name {}", image.id(), image.reference(), e);
    }
  }
}
