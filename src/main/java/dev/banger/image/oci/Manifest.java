package dev.banger.image.oci;

import java.util.ArrayList;
import java.util.List;

/** What a tag or a digest names: one image, or one for each of several platforms. */
sealed interface Manifest {
  /** No registry accepts a larger one. */
  int SIZE_LIMIT = 4 << 20;

  /** More than any builder makes (127). */
  int MOST_LAYERS = 512;

  /** One image. */
  record Single(Descriptor config, List<Descriptor> layers) implements Manifest {
    public Single {
      layers = List.copyOf(layers);
    }
  }

  /** Several. */
  record Index(List<Descriptor> manifests) implements Manifest {
    public Index {
      manifests = List.copyOf(manifests);
    }
  }

  /**
   * Reads it.
   *
   * @param announced the media type that came with it; empty when none did
   */
  static Manifest parse(byte[] text, String announced) throws MalformedException {
    JsonObject json = JsonObject.parse(text);
    String type = MediaTypes.plain(json.text("mediaType"));
    String other = MediaTypes.plain(announced);
    if (type.isEmpty()) {
      type = other;
    }
    if (MediaTypes.isSchemaOne(type) || json.number("schemaVersion").orElse(2L) == 1) {
      throw new MalformedException(
          "it is in docker's schema 1, which was given up in 2019; push it again with a newer tool");
    }
    boolean index = json.has("manifests");
    boolean single = json.has("config") || json.has("layers");
    if (index == single) {
      throw new MalformedException(
          index
              ? "it claims to be an image and a list of images at once"
              : "it is neither an image nor a list of images" + named(type));
    }
    boolean fits = index ? !MediaTypes.isManifest(type) : !MediaTypes.isIndex(type);
    if (!fits || (MediaTypes.isIndex(other) && single) || (MediaTypes.isManifest(other) && index)) {
      throw new MalformedException("its content is not of its media type" + named(type));
    }
    return index ? new Index(descriptors(json, "manifests")) : single(json, type);
  }

  private static Single single(JsonObject json, String type) throws MalformedException {
    if (!json.has("config")) {
      throw new MalformedException("it has no config" + named(type));
    }
    Descriptor config = Descriptor.read(json.object("config"));
    if (!MediaTypes.isImageConfig(config.mediaType())) {
      String artifact = json.text("artifactType");
      throw new MalformedException(
          "it is no image but something else that registries hold"
              + named(artifact.isEmpty() ? config.mediaType() : artifact));
    }
    List<Descriptor> layers = descriptors(json, "layers");
    if (layers.size() > MOST_LAYERS) {
      throw new MalformedException("it has more than " + MOST_LAYERS + " layers");
    }
    for (Descriptor layer : layers) {
      if (!MediaTypes.isLayer(layer.mediaType())) {
        throw new MalformedException(
            "it has a layer of an unknown kind" + named(layer.mediaType()));
      }
    }
    return new Single(config, layers);
  }

  private static List<Descriptor> descriptors(JsonObject json, String name)
      throws MalformedException {
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonObject object : json.objects(name)) {
      descriptors.add(Descriptor.read(object));
    }
    return descriptors;
  }

  private static String named(String type) {
    return type.isEmpty() ? "" : " ('" + OutsideText.clean(type, 100) + "')";
  }
}
