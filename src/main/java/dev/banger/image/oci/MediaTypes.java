package dev.banger.image.oci;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The media types of the image specification and of docker's registry before it. */
final class MediaTypes {
  private static final String OCI = "application/vnd.oci.image.";
  private static final String DOCKER = "application/vnd.docker.";
  static final String OCI_INDEX = OCI + "index.v1+json";
  static final String OCI_MANIFEST = OCI + "manifest.v1+json";
  static final String DOCKER_LIST = DOCKER + "distribution.manifest.list.v2+json";
  static final String DOCKER_MANIFEST = DOCKER + "distribution.manifest.v2+json";

  private static final Set<String> CONFIGS =
      Set.of(OCI + "config.v1+json", DOCKER + "container.image.v1+json");
  private static final List<String> LAYERS =
      List.of(
          OCI + "layer.v1.tar",
          OCI + "layer.nondistributable.v1.tar",
          DOCKER + "image.rootfs.diff.tar",
          DOCKER + "image.rootfs.foreign.diff.tar");

  /** What a registry is asked for. */
  static final String ACCEPTED =
      String.join(", ", OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST);

  private MediaTypes() {}

  /** Without parameters, in lower case. */
  static String plain(String type) {
    int semicolon = type.indexOf(';');
    return (semicolon < 0 ? type : type.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
  }

  static boolean isIndex(String type) {
    return type.equals(OCI_INDEX) || type.equals(DOCKER_LIST);
  }

  static boolean isManifest(String type) {
    return type.equals(OCI_MANIFEST) || type.equals(DOCKER_MANIFEST);
  }

  static boolean isSchemaOne(String type) {
    return type.startsWith(DOCKER + "distribution.manifest.v1");
  }

  static boolean isImageConfig(String type) {
    return CONFIGS.contains(type);
  }

  /** However it is compressed: the content itself says that. */
  static boolean isLayer(String type) {
    return LAYERS.stream()
        .anyMatch(l -> type.equals(l) || type.startsWith(l + ".") || type.startsWith(l + "+"));
  }

  /** A layer that may be kept elsewhere than in the registry. */
  static boolean isForeign(String type) {
    return type.contains(".nondistributable.") || type.contains(".foreign.");
  }
}
