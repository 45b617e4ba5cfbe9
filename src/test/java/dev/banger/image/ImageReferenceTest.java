package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
  @ParameterizedTest
  @CsvSource({
    "debian:bookworm, debian, bookworm",
    "alpine, alpine, latest",
    "deb:bookworm, deb, bookworm",
    "team/app, team/app, latest",
    "localhost:5000/team/app:v1.2, localhost:5000/team/app, v1.2",
    "registry.example/a__b/c-d.e:Tag_1, registry.example/a__b/c-d.e, Tag_1"
  })
  void readsNameAndTag(String text, String name, String tag) throws Exception {
    ImageReference reference = ImageReference.parse(text);
    assertThat(reference).isEqualTo(new ImageReference(name, tag));
    assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "a:",
        ":b",
        "Debian:bookworm",
        "../etc",
        "a//b",
        "a b",
        "/a",
        "a/",
        "deb",
        "a:b:c",
        "a:-x",
        "a\u0000b",
        "a;rm",
        "-a",
        "a\nb",
        "\u00e4"
      })
  void refusesWhatIsNoReference(String text) {
    assertThatThrownBy(() -> ImageReference.parse(text))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
              assertThat(e.getMessage()).doesNotContain("\n", "\u0000");
            });
  }

  @Test
  void refusesAnEndlessOneWithoutRepeatingIt() {
    assertThatThrownBy(() -> ImageReference.parse("a".repeat(100_000)))
        .hasMessageContaining("...")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
  }

  @Test
  void onlyDebForcesTheHostsPackages() throws Exception {
    assertThat(ImageReference.parse("deb:bookworm").forcesHostPackages()).isTrue();
    assertThat(ImageReference.parse("debian:bookworm").forcesHostPackages()).isFalse();
  }
}
