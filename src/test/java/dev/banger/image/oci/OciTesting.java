package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.banger.config.RegistrySettings;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/** What the tests of this room share. */
final class OciTesting {
  static final RetryPolicy QUICK =
      new RetryPolicy(
          4,
          Duration.ofMillis(5),
          Duration.ofMillis(20),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5));
  static final LayerLimits SMALL = new LayerLimits(ByteSize.mib(64), ByteSize.mib(8), 100);
  static final Platform AMD64 = new Platform("linux", "amd64", "");

  private OciTesting() {}

  static BlobCache cache(Path directory) {
    return new BlobCache(directory.resolve("blobs"), Clock.systemUTC(), QUICK);
  }

  static OciClient client(Path directory, Credentials credentials) {
    return client(directory, RegistrySettings.defaults(), credentials, Map.of());
  }

  static OciClient client(
      Path directory,
      RegistrySettings settings,
      Credentials credentials,
      Map<String, String> environment) {
    return new OciClient(
        cache(directory), directory, settings, environment, credentials, QUICK, SMALL);
  }

  static OciImage fetch(OciClient client, String reference) throws Exception {
    return client.fetch(
        OciReference.parse(reference, OciReference.DOCKER_HUB), AMD64, Progress.SILENT);
  }

  static boolean isLayer(ScriptedServer.Request request, TestImage image) {
    return request.path().endsWith(image.layers.getFirst().digest().toString());
  }

  static ErrorCode code(Throwable failure) {
    return ((BangerException) failure).code();
  }

  /** How a fetch of an image from a server that follows the script fails. */
  static Throwable failureOf(Path directory, ScriptedServer.Script script) throws Exception {
    try (ScriptedServer server = new ScriptedServer(script);
        OciClient client = client(directory, Credentials.NONE)) {
      return catchThrowable(() -> fetch(client, server.name() + "/a/b"));
    }
  }

  static byte[] content(OciLayer layer) throws Exception {
    try (InputStream stream = layer.open()) {
      return stream.readAllBytes();
    }
  }

  static void assertHolds(OciImage image, TestImage expected) throws Exception {
    assertThat(image.layers()).hasSameSizeAs(expected.plainLayers);
    for (int i = 0; i < expected.plainLayers.size(); i++) {
      assertThat(content(image.layers().get(i))).isEqualTo(expected.plainLayers.get(i));
    }
  }
}
