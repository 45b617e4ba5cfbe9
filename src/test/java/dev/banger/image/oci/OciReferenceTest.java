package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OciReferenceTest {
  private static final String SHA =
      "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  private static OciReference parse(String text) throws BangerException {
    return OciReference.parse(text, "docker.io");
  }

  @ParameterizedTest
  @CsvSource({
    "debian, docker.io/library/debian:latest",
    "debian:bookworm, docker.io/library/debian:bookworm",
    "team/name, docker.io/team/name:latest",
    "docker.io/debian, docker.io/library/debian:latest",
    "index.docker.io/debian, docker.io/library/debian:latest",
    "localhost/name, localhost/name:latest",
    "localhost:5000/name:1, localhost:5000/name:1",
    "127.0.0.1:5000/a/b/c, 127.0.0.1:5000/a/b/c:latest",
    "[::1]:5000/name:x, [::1]:5000/name:x",
    "quay.io/a__b/c.d-e---f:V1.0_x, quay.io/a__b/c.d-e---f:V1.0_x",
    "Host/name, Host/name:latest",
    "localhost:5000, docker.io/library/localhost:5000",
    "oci:latest, docker.io/library/oci:latest",
  })
  void namesAreReadAsDockerDoes(String text, String meant) throws Exception {
    assertThat(parse(text)).hasToString(meant).isInstanceOf(OciReference.Remote.class);
  }

  @Test
  void aDigestSaysExactlyWhichAndATagBesideItIsShown() throws Exception {
    OciReference.Remote one = (OciReference.Remote) parse("debian@" + SHA);
    assertThat(one.wanted()).isEqualTo(SHA);
    assertThat(one).hasToString("docker.io/library/debian@" + SHA);
    OciReference.Remote both = (OciReference.Remote) parse("host:1/x:tag@" + SHA);
    assertThat(both.wanted()).isEqualTo(SHA);
    assertThat(both).hasToString("host:1/x:tag@" + SHA);
  }

  @Test
  void anotherRegistryMayBeTheStandardOne() throws Exception {
    assertThat(OciReference.parse("debian", "mirror.test:5000"))
        .hasToString("mirror.test:5000/library/debian:latest");
  }

  @Test
  void filesAreNamedByTheirKindAndPath() throws Exception {
    assertThat(parse("oci:/a/b")).isInstanceOf(OciReference.Layout.class).hasToString("oci:/a/b");
    assertThat(parse("oci:/a/b:1.0")).hasToString("oci:/a/b:1.0");
    assertThat(parse("oci-archive:/a/b.tar:x"))
        .isInstanceOf(OciReference.OciArchive.class)
        .hasToString("oci-archive:/a/b.tar:x");
    assertThat(parse("docker-archive:/a/../b.tar:host/name:tag"))
        .isInstanceOf(OciReference.DockerArchive.class)
        .hasToString("docker-archive:/b.tar:host/name:tag");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "/",
        "a:",
        "a@",
        "Debian",
        "a/B",
        "a//b",
        "/a",
        "a/",
        "a b",
        "localhost:99999/a:1",
        "a:-x",
        "-a",
        "a..b",
        "a___b",
        "a:tag:tag",
        "a@sha256:12",
        "a@md5:0123456789abcdef0123456789abcdef",
        "http://a/b",
        "host:123456/a",
        "[::1/a",
        "a\nb",
        "ä",
        "oci:a/b",
        "oci:/a:",
        "oci:/a:x y",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      })
  void whatIsNoReferenceIsRefused(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("is no image reference");
  }

  @Test
  void upperCaseIsExplained() {
    assertThatThrownBy(() -> parse("x/Debian")).hasMessageContaining("lower case");
  }

  @Test
  void anyTextIsEitherReadOrRefusedAndWhatIsReadMeansTheSameAgain() {
    long seed = Long.getLong("banger.test.seed", System.nanoTime());
    Random random = new Random(seed);
    String alphabet = "abzAZ019.:/@-_[]~%\\ \n\"é" + "oci:/" + "sha256:";
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(24);
      for (int j = 0; j < length; j++) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      if (random.nextInt(8) == 0) {
        text.append('@').append(SHA);
      }
      try {
        String read = parse(text.toString()).toString();
        assertThat(parse(read)).as("seed %d: %s", seed, text).hasToString(read);
      } catch (BangerException e) {
        assertThat(e.getMessage()).as("seed %d: %s", seed, text).contains("no image reference");
      }
    }
  }

  @Test
  void aHostileTextTakesNoTime() {
    for (String part : new String[] {"a", "a-", "a.", "-", "a_", "[", "a/", "a:"}) {
      String text = part.repeat(4000 / part.length()) + "!";
      assertThatThrownBy(() -> parse(text)).isInstanceOf(BangerException.class);
    }
  }
}
