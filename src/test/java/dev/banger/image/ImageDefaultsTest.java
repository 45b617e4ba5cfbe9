package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which words run, as docker has it. */
class ImageDefaultsTest {
  private static final ImageDefaults IMAGE =
      new ImageDefaults(
          List.of("/bin/tool", "--quiet", "serve"),
          List.of("/bin/tool", "--quiet"),
          true,
          List.of(),
          "",
          "/",
          "",
          List.of(),
          List.of());

  @Test
  void withNothingSaidItIsTheImagesCommand() {
    assertThat(IMAGE.program(List.of(), Optional.empty()))
        .containsExactly("/bin/tool", "--quiet", "serve");
  }

  @Test
  void wordsFollowTheEntrypointAndReplaceTheCommand() {
    assertThat(IMAGE.program(List.of("list", "-a"), Optional.empty()))
        .containsExactly("/bin/tool", "--quiet", "list", "-a");
  }

  @Test
  void withoutAnEntrypointTheyAreTheProgram() {
    ImageDefaults shell = ImageDefaults.shell(List.of("/bin/bash"), List.of());
    assertThat(shell.program(List.of("uname", "-a"), Optional.empty()))
        .containsExactly("uname", "-a");
    assertThat(shell.program(List.of(), Optional.empty())).containsExactly("/bin/bash");
  }

  @Test
  void anotherEntrypointLeavesNothingOfTheImagesCommand() {
    assertThat(IMAGE.program(List.of(), Optional.of(List.of("sh")))).containsExactly("sh");
    assertThat(IMAGE.program(List.of("-c", "id"), Optional.of(List.of("sh"))))
        .containsExactly("sh", "-c", "id");
    assertThat(IMAGE.program(List.of("id"), Optional.of(List.of()))).containsExactly("id");
    assertThat(IMAGE.program(List.of(), Optional.of(List.of()))).isEmpty();
  }
}
