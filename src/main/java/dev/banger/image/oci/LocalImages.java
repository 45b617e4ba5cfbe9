package dev.banger.image.oci;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds an image in files that are here: an OCI layout, or what {@code docker save} wrote. */
final class LocalImages {
  private static final String REF_NAME = "org.opencontainers.image.ref.name";
  private static final String FULL_NAME = "io.containerd.image.name";
  private static final int MOST_LEVELS = 4;

  /** An image that was found; its layers are not looked into. */
  record Found(Digest digest, ImageConfig config, List<Stored> layers) {}

  /** A layer and its file. */
  record Stored(Descriptor blob, Digest diffId, String file, boolean named) {}

  private final LayoutFiles files;

  LocalImages(LayoutFiles files) {
    this.files = files;
  }

  /** In an OCI layout. */
  Found inLayout(Optional<String> tag, PlatformChoice choice) throws IOException, BangerException {
    byte[] text = files.read("index.json", Manifest.SIZE_LIMIT);
    if (!(Manifest.parse(text, MediaTypes.OCI_INDEX) instanceof Manifest.Index all)) {
      throw new MalformedException("its index.json is no list of images");
    }
    Manifest current = named(all, tag);
    Optional<Digest> digest = Optional.empty();
    for (int level = 0; level < MOST_LEVELS; level++) {
      switch (current) {
        case Manifest.Single single -> {
          return found(
              single, digest.orElseThrow(() -> new MalformedException("it has no manifest")));
        }
        case Manifest.Index index -> {
          Descriptor next =
              index.manifests().size() == 1 ? index.manifests().getFirst() : choice.among(index);
          current = Manifest.parse(read(next, Manifest.SIZE_LIMIT), next.mediaType());
          digest = Optional.of(next.digest());
        }
      }
    }
    throw new MalformedException("its lists of images are more than " + MOST_LEVELS + " deep");
  }

  private static Manifest.Index named(Manifest.Index all, Optional<String> tag)
      throws MalformedException {
    List<String> names =
        all.manifests().stream()
            .map(m -> m.annotations().getOrDefault(REF_NAME, ""))
            .filter(n -> !n.isEmpty())
            .distinct()
            .toList();
    String listed =
        OutsideText.clean(names.isEmpty() ? "none with a name" : String.join(", ", names), 300);
    if (tag.isEmpty()) {
      if (names.size() > 1) {
        throw new MalformedException("say which of its images, as :TAG behind it: " + listed);
      }
      return all;
    }
    List<Descriptor> matching =
        all.manifests().stream().filter(m -> isNamed(m, tag.get())).toList();
    if (matching.isEmpty()) {
      throw new MalformedException("it has no image '" + tag.get() + "', but: " + listed);
    }
    return new Manifest.Index(matching);
  }

  private static boolean isNamed(Descriptor image, String tag) {
    String full = image.annotations().getOrDefault(FULL_NAME, "");
    return image.annotations().getOrDefault(REF_NAME, "").equals(tag)
        || full.equals(tag)
        || full.endsWith(":" + tag)
        || full.endsWith("/" + tag);
  }

  private Found found(Manifest.Single single, Digest digest) throws IOException {
    ImageConfig config = ImageConfig.parse(read(single.config(), ImageConfig.SIZE_LIMIT));
    List<Digest> diffIds = config.diffIds();
    checkCount(single.layers().size(), diffIds.size());
    List<Stored> layers = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      Descriptor layer = single.layers().get(i);
      if (files.size(file(layer.digest())) != layer.size()) {
        throw new MalformedException(
            "the layer " + layer.digest() + " is not as long as it should be");
      }
      layers.add(new Stored(layer, diffIds.get(i), file(layer.digest()), true));
    }
    return new Found(digest, config, layers);
  }

  static void checkCount(int layers, int diffIds) throws MalformedException {
    if (layers != diffIds) {
      throw new MalformedException(
          "it has " + layers + " layers, but its config speaks of " + diffIds);
    }
  }

  private static String file(Digest digest) {
    return "blobs/" + digest.algorithm().label() + "/" + digest.hex();
  }

  private byte[] read(Descriptor blob, int limit) throws IOException {
    byte[] content = files.read(file(blob.digest()), limit);
    if (!blob.digest().matches(content)) {
      throw new MalformedException(blob.digest() + " is damaged");
    }
    return content;
  }

  /** In what {@code docker save} wrote; {@code name} may leave out the tag, or the repository. */
  Found inDockerArchive(Optional<String> name) throws IOException {
    List<JsonObject> images =
        JsonObject.parseList(files.read("manifest.json", Manifest.SIZE_LIMIT));
    List<JsonObject> matching = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (JsonObject image : images) {
      List<String> tags = image.texts("RepoTags");
      names.addAll(tags);
      if (name.isEmpty() || tags.stream().anyMatch(t -> isTagged(t, name.get()))) {
        matching.add(image);
      }
    }
    if (matching.size() != 1) {
      throw new MalformedException(
          (matching.isEmpty() ? "it has no such image; it has: " : "say which of its images: ")
              + OutsideText.clean(String.join(", ", names), 300));
    }
    byte[] text = files.read(matching.getFirst().text("Config"), ImageConfig.SIZE_LIMIT);
    ImageConfig config = ImageConfig.parse(text);
    List<String> paths = matching.getFirst().texts("Layers");
    checkCount(paths.size(), config.diffIds().size());
    if (paths.size() > Manifest.MOST_LAYERS) {
      throw new MalformedException("it has more than " + Manifest.MOST_LAYERS + " layers");
    }
    List<Stored> layers = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      Digest diffId = config.diffIds().get(i);
      long size = files.size(paths.get(i));
      Descriptor blob = Descriptor.of("application/vnd.oci.image.layer.v1.tar", diffId, size);
      layers.add(new Stored(blob, diffId, paths.get(i), false));
    }
    return new Found(Digest.of(Digest.Algorithm.SHA256, text), config, layers);
  }

  private static boolean isTagged(String tag, String wanted) {
    return tag.equals(wanted)
        || tag.equals(wanted + ":" + OciReference.LATEST)
        || tag.endsWith("/" + wanted)
        || tag.endsWith(":" + wanted);
  }
}
