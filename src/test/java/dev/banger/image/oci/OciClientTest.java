package dev.banger.image.oci;

import static dev.banger.image.oci.OciTesting.AMD64;
import static dev.banger.image.oci.OciTesting.assertHolds;
import static dev.banger.image.oci.OciTesting.client;
import static dev.banger.image.oci.OciTesting.code;
import static dev.banger.image.oci.OciTesting.failureOf;
import static dev.banger.image.oci.OciTesting.fetch;
import static dev.banger.image.oci.OciTesting.isLayer;
import static dev.banger.image.oci.ScriptedServer.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.config.RegistrySettings;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole pulls, from registries good and bad. */
class OciClientTest {
  @TempDir Path dir;

  @Test
  void anImageIsFetchedWithItsConfigAndItsLayers() throws Exception {
    TestImage image = TestImage.of(6, 70_000);
    List<Long> totals = new ArrayList<>();
    AtomicReference<Long> done = new AtomicReference<>();
    Progress progress =
        new Progress() {
          @Override
          public void stage(String name) {}

          @Override
          public void bytes(long here, long total) {
            done.set(here);
            totals.add(total);
          }
        };
    try (ScriptedServer server = new ScriptedServer(image::answer);
        OciClient client = client(dir, Credentials.NONE)) {
      OciReference reference = OciReference.parse(server.name() + "/a/b:1", "docker.io");
      try (OciImage fetched = client.fetch(reference, AMD64, progress)) {
        assertHolds(fetched, image);
        assertHolds(fetched, image); // Layers may be opened again.
        assertThat(fetched.manifestDigest())
            .isEqualTo(Digest.of(Digest.Algorithm.SHA256, image.manifest()));
        ImageConfig config = fetched.config();
        assertThat(config.entrypoint()).containsExactly("/e");
        assertThat(config.command()).containsExactly("c", "d");
        assertThat(config.environment()).containsExactly("A=b");
        assertThat(config.user()).isEqualTo("nobody");
        assertThat(config.workingDirectory()).isEqualTo("/w");
        assertThat(config.stopSignal()).isEqualTo("SIGQUIT");
        assertThat(config.exposedPorts()).containsExactly("80/tcp");
        assertThat(config.volumes()).containsExactly("/v");
        assertThat(config.labels()).isEqualTo(Map.of("l", "m"));
        assertThat(config.created()).isPresent();
        assertThat(config.history()).hasSize(2).element(1).matches(h -> h.emptyLayer());
      }
      long total = image.layers.stream().mapToLong(Descriptor::size).sum();
      assertThat(totals).containsOnly(total);
      assertThat(done.get()).isEqualTo(total);
      int before = server.requests.size();
      fetch(client, server.name() + "/a/b:1").close();
      assertThat(server.requests).hasSize(before + 1); // The manifest alone.
    }
  }

  @Test
  void aLayoutWithSeveralTagsSaysWhichThereAre() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    String manifest =
        TestImage.descriptor(
            MediaTypes.OCI_MANIFEST,
            Digest.of(Digest.Algorithm.SHA256, image.manifest()),
            image.manifest().length,
            ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}");
    Files.writeString(
        dir.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":[%s,%s]}"
            .formatted(manifest.formatted("one"), manifest.formatted("two")));
    try (OciClient client = client(dir, Credentials.NONE)) {
      assertThatThrownBy(() -> fetch(client, "oci:" + dir))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
          .hasStackTraceContaining("say which of its images, as :TAG behind it: one, two");
      assertThatThrownBy(() -> fetch(client, "oci:" + dir + ":three"))
          .hasStackTraceContaining("it has no image 'three', but: one, two");
    }
  }

  @Test
  void anArchiveIsARegularFile() throws Exception {
    try (OciClient client = client(dir, Credentials.NONE)) {
      assertThatThrownBy(() -> fetch(client, "oci-archive:/dev/zero"))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID))
          .hasStackTraceContaining("/dev/zero is no regular file");
      assertThatThrownBy(() -> fetch(client, "docker-archive:" + dir + "/none"))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }
  }

  @Test
  void anEndlessManifestIsCutOff() throws Exception {
    Throwable failure =
        failureOf(
            dir,
            (request, out) -> {
              out.write("HTTP/1.1 200 X\r\n\r\n".getBytes(StandardCharsets.UTF_8));
              byte[] chunk = new byte[1 << 16];
              while (true) {
                out.write(chunk);
              }
            });
    assertThat(failure).hasRootCauseMessage("the answer is larger than 4194304 bytes");
  }

  @Test
  void aManifestThatIsNotWhatItsDigestSaysIsRefused() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    try (ScriptedServer server = new ScriptedServer(image::answer);
        OciClient client = client(dir, Credentials.NONE)) {
      String other = Digest.of(Digest.Algorithm.SHA256, new byte[3]).toString();
      assertThatThrownBy(() -> fetch(client, server.name() + "/a/b@" + other))
          .rootCause()
          .hasMessageContaining(other);
    }
  }

  @Test
  void whatTheRegistrySaysIsInTheMessageWithoutItsControlCharacters() throws Exception {
    Throwable failure =
        failureOf(
            dir,
            (request, out) ->
                send(
                    out,
                    404,
                    "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\\u001b[2Jsuch\"}]}"));
    assertThat(code(failure)).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(failure)
        .hasRootCauseMessage("127.0.0.1 answers with status 404: MANIFEST_UNKNOWN: no [2Jsuch");
  }

  @Test
  void theImageForThisPlatformIsTakenAndTheOthersAreListed() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    String index =
        """
        {"schemaVersion":2,"manifests":[%s,%s,%s]}\
        """
            .formatted(
                TestImage.descriptor(
                    MediaTypes.OCI_MANIFEST,
                    Digest.of(Digest.Algorithm.SHA256, new byte[1]),
                    1,
                    ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}"),
                TestImage.descriptor(
                    MediaTypes.OCI_MANIFEST,
                    Digest.of(Digest.Algorithm.SHA256, new byte[2]),
                    1,
                    ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}"),
                TestImage.descriptor(
                    MediaTypes.DOCKER_MANIFEST,
                    Digest.of(Digest.Algorithm.SHA256, image.manifest()),
                    image.manifest().length,
                    ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}"));
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (request.path().endsWith("/manifests/latest")) {
                send(out, 200, index, "Content-Type: " + MediaTypes.OCI_INDEX);
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE)) {
      try (OciImage fetched = fetch(client, server.name() + "/a/b")) {
        assertHolds(fetched, image);
      }
      assertThatThrownBy(() ->
              client.fetch(
                  OciReference.parse(server.name() + "/a/b", "docker.io"),
                  new Platform("linux", "s390x", ""),
                  Progress.SILENT))
          .hasMessageContaining("linux/s390x")
          .hasMessageEndingWith("linux/amd64, linux/arm");
    }
  }

  @Test
  void anImageForAnotherMachineIsRefused() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    image.architecture = "arm64";
    assertThat(failureOf(dir, image::answer)).hasMessageEndingWith("but for: linux/arm64");
  }

  @Test
  void whatIsNoImageIsRefused() throws Exception {
    TestImage chart = TestImage.of(1, 1000);
    chart.configType = "application/vnd.cncf.helm.config.v1+json";
    assertThat(failureOf(dir, chart::answer)).rootCause().hasMessageContaining("helm");
  }

  @Test
  void theFirstSchemaIsRefusedClearly() throws Exception {
    Throwable failure =
        failureOf(dir, (request, out) -> send(out, 200, "{\"schemaVersion\":1,\"fsLayers\":[]}"));
    assertThat(failure).rootCause().hasMessageContaining("schema 1");
  }

  @Test
  void aManifestThatIsTwoThingsAtOnceIsRefused() throws Exception {
    Throwable failure =
        failureOf(
            dir,
            (request, out) ->
                send(
                    out,
                    200,
                    "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[],\"config\":{}}"));
    assertThat(failure).rootCause().hasMessageContaining("at once");
  }

  @Test
  void aRedirectedRequestTellsTheOtherHostNothing() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    Credentials credentials =
        (registry, repository) -> Optional.of(new Credential.Password("me", "secret", "test"));
    try (ScriptedServer storage = new ScriptedServer(image::answer);
        ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (request.header("Authorization").isEmpty()) {
                send(out, 401, "", "WWW-Authenticate: Basic realm=\"x\"");
              } else if (request.path().contains("/blobs/")) {
                send(out, 307, "", "Location: " + storage.url() + request.path());
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, credentials);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(storage.requests).isNotEmpty().allMatch(r -> r.header("Authorization").isEmpty());
    }
  }

  @Test
  void aCircleOfRedirectionsEnds() throws Exception {
    assertThat(failureOf(dir, (request, out) -> send(out, 302, "", "Location: " + request.path())))
        .rootCause()
        .hasMessageContaining("redirects more than");
    assertThat(failureOf(dir, (request, out) -> send(out, 302, "", "Location: file:///etc/passwd")))
        .rootCause()
        .hasMessageContaining("no web address");
  }

  @Test
  void mirrorsAreAskedFirstAndTheRegistryWhenTheyFail() throws Exception {
    TestImage image = TestImage.of(2, 1000);
    try (ScriptedServer mirror =
            new ScriptedServer((request, out) -> {
              if (isLayer(request, image)) {
                send(out, 404, "");
              } else {
                image.answer(request, out);
              }
            });
        ScriptedServer registry = new ScriptedServer(image::answer)) {
      RegistrySettings settings =
          new RegistrySettings(
              "docker.io",
              Optional.empty(),
              2,
              ByteSize.gib(1),
              Map.of(
                  registry.name(),
                  new RegistrySettings.Host(
                      Optional.empty(), List.of(mirror.name()), Optional.empty())));
      try (OciClient client = client(dir, settings, Credentials.NONE, Map.of());
          OciImage fetched = fetch(client, registry.name() + "/a/b")) {
        assertHolds(fetched, image);
        assertThat(fetched.source()).startsWith(mirror.name());
        assertThat(registry.requests).singleElement().matches(r -> isLayer(r, image));
      }
    }
  }

  @Test
  void foreignLayersComeFromWhereTheyAreSaidToBe() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    Descriptor layer = image.layers.removeFirst();
    try (ScriptedServer elsewhere = new ScriptedServer(image::answer);
        ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (request.path().contains("/manifests/")) {
                String foreign =
                    TestImage.descriptor(
                        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                        layer.digest(),
                        layer.size(),
                        ",\"urls\":[\"ftp://x/y\",\""
                            + elsewhere.url()
                            + "/"
                            + layer.digest()
                            + "\"]");
                String manifest =
                    new String(image.manifest(), StandardCharsets.UTF_8)
                        .replace("\"layers\":[]", "\"layers\":[" + foreign + "]");
                send(out, 200, manifest, "Content-Type: " + MediaTypes.OCI_MANIFEST);
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(server.of(layer.digest().toString())).isEmpty();
    }
  }

  @Test
  void aProxyIsAskedWithItsPasswordWhichNobodyElseSees() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    try (ScriptedServer proxy = new ScriptedServer(image::answer)) {
      Map<String, String> environment = Map.of("http_proxy", "http://me:se%20cret@" + proxy.name());
      RegistrySettings settings =
          new RegistrySettings(
              "docker.io",
              Optional.empty(),
              2,
              ByteSize.gib(1),
              Map.of(
                  "registry.invalid:5000",
                  new RegistrySettings.Host(Optional.of(true), List.of(), Optional.empty())));
      try (OciClient client = client(dir, settings, Credentials.NONE, environment);
          OciImage fetched = fetch(client, "registry.invalid:5000/a/b")) {
        assertHolds(fetched, image);
        assertThat(proxy.requests)
            .allMatch(r -> r.path().startsWith("http://registry.invalid:5000/v2/a/b/"))
            .allMatch(r -> r.header("Proxy-Authorization").equals("Basic bWU6c2UgY3JldA=="));
      }
    }
  }
}
