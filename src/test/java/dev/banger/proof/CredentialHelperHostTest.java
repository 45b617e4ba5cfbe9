package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.banger.api.ImageApi;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Programs that a pull runs are the pull's: they end with it, whoever is left to see to that. */
class CredentialHelperHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void aHelperThatRunsWhenTheDaemonDiesIsEndedByTheNextDaemon() throws Exception {
    HttpServer registry =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    registry.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
          exchange.sendResponseHeaders(401, -1);
          exchange.close();
        });
    registry.start();
    String name = "localhost:" + registry.getAddress().getPort();
    try (TestDaemon daemon = TestDaemon.ofFakes()) {
      Path started = daemon.home().resolve("helper.pid");
      Path helper = daemon.home().resolve("docker-credential-slow");
      Files.writeString(
          helper,
          "#!/bin/sh\necho $$ > %1$s.new\nmv %1$s.new %1$s\nexec sleep 1000\n".formatted(started));
      assertThat(helper.toFile().setExecutable(true)).isTrue();
      Path docker = Files.createDirectory(daemon.home().resolve("docker"));
      Files.writeString(
          docker.resolve("config.json"), "{\"credHelpers\":{\"" + name + "\":\"slow\"}}");
      daemon.environment("DOCKER_CONFIG", docker.toString());
      Files.writeString( // its last section is that of programs
          daemon.home().resolve("config.toml"),
          "docker-credential-slow = \"" + helper + "\"\n",
          StandardOpenOption.APPEND);
      daemon.start();
      try (TestClient client = daemon.client()) {
        var _ = client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(name + "/team/image:1"));
      }
      await().atMost(LIMIT).until(() -> Files.exists(started));
      long pid = Long.parseLong(Files.readString(started).strip());
      assertThat(ProcessHandle.of(pid)).isPresent();
      daemon.killAndStart();
      await().atMost(LIMIT).until(() -> ProcessHandle.of(pid).isEmpty());
      Invariants.require(daemon, LIMIT);
    } finally {
      registry.stop(0);
    }
  }
}
