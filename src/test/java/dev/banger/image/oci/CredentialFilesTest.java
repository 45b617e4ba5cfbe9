package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialFilesTest {
  @TempDir Path dir;

  private final Map<String, String> environment = new HashMap<>();

  private static String auth(String user, String password) {
    return "\"auth\":\""
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8))
        + "\"";
  }

  private Path write(String name, String text) throws Exception {
    Path file = dir.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    return Files.writeString(file, text);
  }

  private Optional<Credential> find(String registry, String repository) throws Exception {
    environment.put("HOME", dir.toString());
    Binaries binaries = new Binaries(Map.of(), List.of(dir.resolve("bin")), "");
    return new CredentialFiles(environment, binaries).find(registry, repository);
  }

  private static String user(Optional<Credential> found) {
    return found.isPresent() && found.get() instanceof Credential.Password p
        ? p.user() + "/" + p.secret()
        : found.toString();
  }

  @Test
  void nobodyLoggedIn() throws Exception {
    assertThat(find("docker.io", "library/debian")).isEmpty();
  }

  @Test
  void dockersFileIsRead() throws Exception {
    write(
        ".docker/config.json",
        "{\"auths\":{\"https://index.docker.io/v1/\":{"
            + auth("hub", "a:b")
            + "},"
            + "\"https://x.test:5000/v2/\":{"
            + auth("x", "y\0\0")
            + "}}}");
    assertThat(user(find("docker.io", "library/debian"))).isEqualTo("hub/a:b");
    assertThat(user(find("x.test:5000", "a"))).isEqualTo("x/y");
    assertThat(find("other.test", "a")).isEmpty();
  }

  @Test
  void podmansFileComesFirstAndKnowsRepositories() throws Exception {
    environment.put("XDG_RUNTIME_DIR", dir.resolve("run").toString());
    write(".docker/config.json", "{\"auths\":{\"x.test\":{" + auth("docker", "1") + "}}}");
    write(
        "run/containers/auth.json",
        "{\"auths\":{\"x.test\":{"
            + auth("all", "2")
            + "},"
            + "\"x.test/team\":{"
            + auth("team", "3")
            + "}}}");
    assertThat(user(find("x.test", "team/app"))).isEqualTo("team/3");
    assertThat(user(find("x.test", "teams/app"))).isEqualTo("all/2");
    environment.put("REGISTRY_AUTH_FILE", write("own.json", "{}").toString());
    assertThat(user(find("x.test", "team/app"))).isEqualTo("docker/1");
  }

  @Test
  void tokensAreRead() throws Exception {
    write(
        ".config/containers/auth.json",
        "{\"auths\":{\"x.test\":{\"identitytoken\":\"i\"},\"y.test\":{\"registrytoken\":\"r\"}}}");
    assertThat(find("x.test", "a")).get().isInstanceOf(Credential.IdentityToken.class);
    assertThat(find("y.test", "a")).get().isInstanceOf(Credential.RegistryToken.class);
  }

  private void helper(String name, String script) throws Exception {
    Path program = write("bin/docker-credential-" + name, "#!/bin/sh\nread -r server\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void helpersAreAsked() throws Exception {
    helper("one", "echo \"{\\\"Username\\\":\\\"u\\\",\\\"Secret\\\":\\\"$1 $server\\\"}\"");
    helper("all", "echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'");
    write(
        ".docker/config.json",
        "{\"credHelpers\":{\"x.test\":\"one\",\"docker.io\":\"one\"},\"credsStore\":\"all\"}");
    assertThat(user(find("x.test", "a"))).isEqualTo("u/get x.test");
    assertThat(user(find("docker.io", "a"))).isEqualTo("u/get https://index.docker.io/v1/");
    assertThat(find("y.test", "a")).get().isInstanceOf(Credential.IdentityToken.class);
  }

  @Test
  void aHelperThatKnowsNothingIsNoFailure() throws Exception {
    helper("none", "echo credentials not found in native keychain; exit 1");
    write(".docker/config.json", "{\"credsStore\":\"none\"}");
    assertThat(find("x.test", "a")).isEmpty();
  }

  @Test
  void noMessageHoldsWhatAHelperSaid() throws Exception {
    helper("bad", "echo hidden; echo hidden >&2; exit 3");
    write(".docker/config.json", "{\"credsStore\":\"bad\"}");
    assertThatThrownBy(() -> find("x.test", "a"))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("docker-credential-bad")
        .hasMessageContaining("status 3")
        .hasNoCause()
        .message()
        .doesNotContain("hidden");
  }

  @Test
  void aHelperIsAProgramAndNoPath() throws Exception {
    write(".docker/config.json", "{\"credsStore\":\"../../bin/sh\"}");
    assertThatThrownBy(() -> find("x.test", "a")).hasMessageContaining("cannot be a credential");
  }

  @Test
  void aBrokenFileIsNamedButNotShown() throws Exception {
    write(".docker/config.json", "{\"auths\":{\"x.test\":{\"auth\":\"hidden!\"}}}");
    assertThatThrownBy(() -> find("x.test", "a"))
        .hasMessageContaining("config.json")
        .rootCause()
        .message()
        .doesNotContain("hidden");
  }
}
