package dev.banger.image.oci;

import static dev.banger.image.oci.OciTesting.assertHolds;
import static dev.banger.image.oci.OciTesting.client;
import static dev.banger.image.oci.OciTesting.code;
import static dev.banger.image.oci.OciTesting.failureOf;
import static dev.banger.image.oci.OciTesting.fetch;
import static dev.banger.image.oci.OciTesting.isLayer;
import static dev.banger.image.oci.ScriptedServer.head;
import static dev.banger.image.oci.ScriptedServer.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.config.RegistrySettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers on their way: cut, wrong, endless, late, asked for twice. */
class DownloadsTest {
  @TempDir Path dir;

  @Test
  void aCutConnectionIsTakenUpWhereItEnded() throws Exception {
    TestImage image = TestImage.of(1, 300_000);
    AtomicInteger times = new AtomicInteger();
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              byte[] blob = image.blob(image.layers.getFirst().digest());
              int from = TestImage.from(request);
              if (isLayer(request, image) && times.getAndIncrement() < 9) {
                head(
                    out,
                    from == 0 ? 200 : 206,
                    blob.length - from,
                    TestImage.contentRange(from, blob.length));
                out.write(blob, from, 20_000);
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      List<Integer> offsets =
          server.of(image.layers.getFirst().digest().toString()).stream()
              .map(TestImage::from)
              .toList();
      assertThat(offsets).isSorted().hasSize(10);
      assertThat(offsets.getLast()).isGreaterThan(100_000);
    }
  }

  /** Head, body and end come at once: the JDK's client sees the cut before it hands over. */
  @Test
  void whatCameBeforeAnEarlyCutCountsToo() throws Exception {
    int piece = 5_000;
    TestImage image = TestImage.of(1, 60 * piece);
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              byte[] blob = image.blob(image.layers.getFirst().digest());
              int from = TestImage.from(request);
              if (!isLayer(request, image)) {
                image.answer(request, out);
                return;
              }
              ByteArrayOutputStream all = new ByteArrayOutputStream();
              head(
                  all,
                  from == 0 ? 200 : 206,
                  blob.length - from,
                  TestImage.contentRange(from, blob.length));
              all.write(blob, from, Math.min(piece, blob.length - from));
              all.writeTo(out);
            });
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(server.of(image.layers.getFirst().digest().toString()))
          .extracting(TestImage::from)
          .isSorted()
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void whatAKilledDaemonHadDownloadedIsNotDownloadedAgain() throws Exception {
    TestImage image = TestImage.of(1, 300_000);
    Digest digest = image.layers.getFirst().digest();
    Path partial = partialFile(digest);
    Files.write(partial, Arrays.copyOf(image.blob(digest), 123_456));
    try (ScriptedServer server = new ScriptedServer(image::answer);
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(server.of(digest.toString()))
          .singleElement()
          .matches(r -> r.header("Range").equals("bytes=123456-"));
      assertThat(partial).doesNotExist();
    }
  }

  private Path partialFile(Digest digest) throws IOException {
    Path directory = Files.createDirectories(dir.resolve("blobs/sha256"));
    return directory.resolve(digest.hex() + ".partial");
  }

  @Test
  void aWrongBeginningIsThrownAway() throws Exception {
    TestImage image = TestImage.of(1, 300_000);
    Digest digest = image.layers.getFirst().digest();
    Files.write(partialFile(digest), new byte[100_000]);
    try (ScriptedServer server = new ScriptedServer(image::answer);
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(server.of(digest.toString()))
          .extracting(r -> r.header("Range"))
          .containsExactly("bytes=100000-", "");
    }
  }

  @Test
  void aServerThatKnowsNoRangesStartsOver() throws Exception {
    TestImage image = TestImage.of(1, 300_000);
    Digest digest = image.layers.getFirst().digest();
    Files.write(partialFile(digest), Arrays.copyOf(image.blob(digest), 1000));
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (isLayer(request, image)) {
                send(out, 200, image.blob(digest));
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
    }
  }

  @Test
  void aWrongContentIsRefusedAndNothingOfItStays() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    Digest digest = image.layers.getFirst().digest();
    Throwable failure =
        failureOf(
            dir,
            (request, out) -> {
              if (isLayer(request, image)) {
                send(out, 200, new byte[image.blob(digest).length]);
              } else {
                image.answer(request, out);
              }
            });
    assertThat(code(failure)).isEqualTo(ErrorCode.CORRUPT);
    assertThat(failure).hasMessageContaining(digest.toString());
    assertThat(partialFile(digest)).doesNotExist();
  }

  @Test
  void anEndlessBodyIsCutOff() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    Throwable failure =
        failureOf(
            dir,
            (request, out) -> {
              if (!isLayer(request, image)) {
                image.answer(request, out);
                return;
              }
              out.write("HTTP/1.1 200 X\r\n\r\n".getBytes(StandardCharsets.UTF_8));
              byte[] chunk = new byte[1 << 16];
              while (true) {
                out.write(chunk);
              }
            });
    assertThat(code(failure)).isEqualTo(ErrorCode.CORRUPT);
    assertThat(failure).hasMessageContaining("more of");
  }

  @Test
  void busyServersAreAskedAgainWhenTheyWantIt() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    AtomicInteger times = new AtomicInteger();
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              switch (times.getAndIncrement() % 3) {
                case 0 -> send(out, 429, "", "Retry-After: 0");
                case 1 -> send(out, 503, "");
                default -> image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
    }
  }

  @Test
  void aServerThatWantsToBeLeftAloneForLongIsNotWaitedFor() throws Exception {
    Throwable failure =
        failureOf(
            dir,
            (request, out) ->
                send(
                    out,
                    429,
                    "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"slow down\"}]}",
                    "Retry-After: 9999"));
    assertThat(code(failure)).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(((BangerException) failure).hint()).contains("9999 s");
    assertThat(failure)
        .hasRootCauseMessage("127.0.0.1 answers with status 429: TOOMANYREQUESTS: slow down");
  }

  @Test
  void twoPullsOfOneLayerDownloadItOnce() throws Exception {
    TestImage image = TestImage.of(1, 100_000);
    CountDownLatch bothAsked = new CountDownLatch(2);
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (request.path().contains("/manifests/")) {
                bothAsked.countDown();
              }
              if (isLayer(request, image)) {
                bothAsked.await(10, TimeUnit.SECONDS);
              }
              image.answer(request, out);
            });
        OciClient client = client(dir, Credentials.NONE)) {
      AtomicReference<Throwable> other = new AtomicReference<>();
      Thread second =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  fetch(client, server.name() + "/a/b").close();
                } catch (Throwable e) {
                  other.set(e);
                }
              });
      try (OciImage fetched = fetch(client, server.name() + "/a/b")) {
        assertHolds(fetched, image);
      }
      second.join();
      assertThat(other.get()).isNull();
      assertThat(server.of(image.layers.getFirst().digest().toString())).hasSize(1);
    }
  }

  @Test
  void anInterruptEndsAFetchAndKeepsWhatIsThere() throws Exception {
    TestImage image = TestImage.of(1, 300_000);
    Digest digest = image.layers.getFirst().digest();
    CountDownLatch stuck = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (isLayer(request, image)) {
                head(out, 200, image.blob(digest).length);
                out.write(image.blob(digest), 0, 200_000);
                out.flush();
                stuck.countDown();
                end.await(20, TimeUnit.SECONDS);
              } else {
                image.answer(request, out);
              }
            });
        OciClient client = client(dir, Credentials.NONE)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread fetching =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  fetch(client, server.name() + "/a/b").close();
                } catch (Throwable e) {
                  failure.set(e);
                }
              });
      assertThat(stuck.await(10, TimeUnit.SECONDS)).isTrue();
      Path partial = partialFile(digest);
      org.awaitility.Awaitility.await()
          .until(() -> Files.exists(partial) && Files.size(partial) == 200_000);
      fetching.interrupt();
      assertThat(fetching.join(java.time.Duration.ofSeconds(10))).isTrue();
      assertThat(failure.get()).isInstanceOf(InterruptedException.class);
      assertThat(partial).hasSize(200_000);
      end.countDown();
    }
  }

  @Test
  void aSilentServerIsGivenUp() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    RetryPolicy hasty =
        new RetryPolicy(
            2,
            OciTesting.QUICK.first(),
            OciTesting.QUICK.longest(),
            OciTesting.QUICK.longestAsked(),
            java.time.Duration.ofMillis(300));
    CountDownLatch end = new CountDownLatch(1);
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (isLayer(request, image)) {
                head(out, 200, 1000);
                out.flush();
                end.await(20, TimeUnit.SECONDS);
              } else {
                image.answer(request, out);
              }
            });
        OciClient client =
            new OciClient(
                new BlobCache(dir.resolve("blobs"), java.time.Clock.systemUTC(), hasty),
                dir,
                RegistrySettings.defaults(),
                Map.of(),
                Credentials.NONE,
                hasty,
                OciTesting.SMALL)) {
      assertThatThrownBy(() -> fetch(client, server.name() + "/a/b"))
          .isInstanceOf(BangerException.class)
          .hasMessageContaining("0 of")
          .rootCause()
          .hasMessageContaining("sent nothing");
      end.countDown();
    }
  }
}
