package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds, among images for several platforms, the one that runs here. */
record PlatformChoice(Platform wanted, OciReference reference) {
  /** The nearest; one that does not say what it is for only when it is alone. */
  Descriptor among(Manifest.Index index) throws BangerException {
    List<Descriptor> images =
        index.manifests().stream()
            .filter(m -> MediaTypes.isManifest(m.mediaType()) || MediaTypes.isIndex(m.mediaType()))
            .toList();
    Optional<Descriptor> best =
        images.stream()
            .filter(m -> distance(m) < Integer.MAX_VALUE)
            .min(Comparator.comparingInt(this::distance));
    if (best.isPresent()) {
      return best.get();
    }
    if (images.size() == 1 && images.getFirst().platform().isEmpty()) {
      return images.getFirst();
    }
    throw none(
        images.stream()
            .flatMap(m -> m.platform().stream())
            .filter(p -> !p.os().equals("unknown"))
            .map(Platform::toString)
            .sorted()
            .distinct()
            .toList());
  }

  private int distance(Descriptor image) {
    return image.platform().isEmpty()
        ? Integer.MAX_VALUE
        : wanted.distance(image.platform().get()).orElse(Integer.MAX_VALUE);
  }

  /** Of an image that nobody chose; one that does not say what it is for may be tried. */
  void check(ImageConfig config) throws BangerException {
    Platform image = config.platform();
    boolean silent = image.architecture().isEmpty() && image.os().isEmpty();
    boolean same =
        image.os().equals(wanted.os()) && image.architecture().equals(wanted.architecture());
    if (!silent && !same) {
      throw none(List.of(image.toString()));
    }
  }

  private BangerException none(List<String> offered) {
    String list = offered.isEmpty() ? "none" : OutsideText.clean(String.join(", ", offered), 300);
    return new BangerException(
        ErrorCode.NOT_FOUND,
        reference + " has no image for " + wanted + ", but for: " + list,
        "take another image, or one of its tags for " + wanted.architecture());
  }
}
