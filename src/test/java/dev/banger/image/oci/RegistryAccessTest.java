package dev.banger.image.oci;

import static dev.banger.image.oci.OciTesting.assertHolds;
import static dev.banger.image.oci.OciTesting.client;
import static dev.banger.image.oci.OciTesting.fetch;
import static dev.banger.image.oci.ScriptedServer.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a registry is opened. */
class RegistryAccessTest {
  private static final Credentials PASSWORD =
      (registry, repository) -> Optional.of(new Credential.Password("me", "pa:ss", "a test"));

  @TempDir Path dir;

  /** A registry that takes tokens with a number of at least {@code least}. */
  private static ScriptedServer withTokens(
      TestImage image, String tokenPath, AtomicInteger issued, AtomicInteger least)
      throws Exception {
    AtomicInteger port = new AtomicInteger();
    ScriptedServer server =
        new ScriptedServer((request, out) -> {
          if (request.path().startsWith(tokenPath)) {
            send(out, 200, "{\"token\":\"t" + issued.incrementAndGet() + "\",\"expires_in\":300}");
            return;
          }
          String carried = request.header("Authorization");
          boolean good =
              carried.matches("Bearer t[0-9]+")
                  && Integer.parseInt(carried.substring("Bearer t".length())) >= least.get();
          if (good) {
            image.answer(request, out);
          } else {
            String realm = "http://127.0.0.1:" + port.get() + tokenPath;
            send(
                out,
                401,
                "",
                "WWW-Authenticate: Bearer realm=\""
                    + realm
                    + "\",service=\"the service\",scope=\"repository:a/b:pull\"");
          }
        });
    port.set(Integer.parseInt(server.name().substring("127.0.0.1:".length())));
    return server;
  }

  @Test
  void aTokenIsFetchedOnceAndCarriedByAllRequests() throws Exception {
    TestImage image = TestImage.of(3, 1000);
    AtomicInteger issued = new AtomicInteger();
    try (ScriptedServer server = withTokens(image, "/token", issued, new AtomicInteger());
        OciClient client = client(dir, PASSWORD);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(issued).hasValue(1);
      ScriptedServer.Request token = server.of("/token").getFirst();
      assertThat(token.path())
          .isEqualTo("/token?service=the+service&scope=repository%3Aa%2Fb%3Apull");
      assertThat(token.header("Authorization")).isEqualTo("Basic bWU6cGE6c3M=");
    }
  }

  @Test
  void aTokenThatExpiresInTheMiddleIsRenewed() throws Exception {
    TestImage image = TestImage.of(8, 1000);
    AtomicInteger issued = new AtomicInteger();
    AtomicInteger least = new AtomicInteger();
    image.afterBlobs(3, () -> least.set(issued.get() + 1));
    try (ScriptedServer server = withTokens(image, "/token", issued, least);
        OciClient client = client(dir, Credentials.NONE);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      assertThat(issued).hasValueGreaterThan(1);
      assertThat(server.of("/token")).allMatch(r -> r.header("Authorization").isEmpty());
    }
  }

  @Test
  void anIdentityTokenIsExchanged() throws Exception {
    TestImage image = TestImage.of(1, 1000);
    Credentials credentials =
        (registry, repository) -> Optional.of(new Credential.IdentityToken("i/d", "a test"));
    try (ScriptedServer server =
            withTokens(image, "/token", new AtomicInteger(), new AtomicInteger());
        OciClient client = client(dir, credentials);
        OciImage fetched = fetch(client, server.name() + "/a/b")) {
      assertHolds(fetched, image);
      ScriptedServer.Request token = server.of("/token").getFirst();
      assertThat(token.method()).isEqualTo("POST");
      assertThat(token.body())
          .contains("grant_type=refresh_token", "refresh_token=i%2Fd", "service=the+service");
    }
  }

  @Test
  void aRefusalSaysWhoWeSaidWeAreAndNoSecret() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer((request, out) ->
                send(
                    out,
                    401,
                    "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who?\"}]}",
                    "WWW-Authenticate: Basic realm=\"x\""));
        OciClient client = client(dir, PASSWORD)) {
      Throwable failure = catchThrowable(() -> fetch(client, server.name() + "/a/b"));
      assertThat(((BangerException) failure).code()).isEqualTo(ErrorCode.PERMISSION);
      assertThat(failure).hasMessageContaining("a password from a test");
      assertThat(((BangerException) failure).reason()).contains("UNAUTHORIZED: who?");
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      assertThat(trace.toString()).doesNotContain("pa:ss").doesNotContain("bWU6cGE6c3M");
      assertThat(server.requests).hasSize(2);
    }
  }

  @Test
  void aTokenWithAWrongCharacterIsNotShown() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer((request, out) -> {
              if (request.path().startsWith("/token")) {
                send(out, 200, "{\"token\":\"se\\r\\ncret\"}");
              } else {
                String realm = "http://" + request.header("Host") + "/token";
                send(out, 401, "", "WWW-Authenticate: Bearer realm=\"" + realm + "\"");
              }
            });
        OciClient client = client(dir, Credentials.NONE)) {
      Throwable failure = catchThrowable(() -> fetch(client, server.name() + "/a/b"));
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      assertThat(trace.toString()).contains("as a token is none").doesNotContain("cret");
    }
  }

  @Test
  void aTokenServerThatIsNoWebAddressIsNotAsked() throws Exception {
    for (String realm : new String[] {"file:///etc/passwd", "", "ftp://x/", "http://", "x y"}) {
      try (ScriptedServer server =
              new ScriptedServer((request, out) ->
                  send(out, 401, "", "WWW-Authenticate: Bearer realm=\"" + realm + "\""));
          OciClient client = client(dir, PASSWORD)) {
        assertThat(catchThrowable(() -> fetch(client, server.name() + "/a/b")))
            .isInstanceOf(BangerException.class)
            .hasMessageContaining("no safe address");
      }
    }
  }
}
