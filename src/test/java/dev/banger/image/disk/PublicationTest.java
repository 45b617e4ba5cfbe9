package dev.banger.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationTest {
  @TempDir Path parent;

  @Test
  void nothingIsSeenUntilItIsWhole() throws Exception {
    try (Publication publication = Publication.begin(parent)) {
      Files.writeString(publication.directory().resolve("file"), "content");
      assertThat(Publication.published(parent)).isEmpty();
      publication.sync();
      publication.publish("name");
    }
    assertThat(Publication.published(parent)).containsExactly(parent.resolve("name"));
    assertThat(parent.resolve("name/file")).hasContent("content");
  }

  @Test
  void unpublishedLeavesNothingBehind() throws Exception {
    try (Publication publication = Publication.begin(parent)) {
      Files.createDirectories(publication.directory().resolve("deep/deeper"));
      Files.createSymbolicLink(publication.directory().resolve("link"), Path.of("/etc"));
    }
    assertThat(parent).isEmptyDirectory();
    assertThat(Path.of("/etc/passwd")).exists();
  }

  @Test
  void takenNameIsAnErrorAndTheOldStays() throws Exception {
    Files.createDirectory(parent.resolve("name"));
    Files.writeString(parent.resolve("name/old"), "old");
    try (Publication publication = Publication.begin(parent)) {
      assertThatThrownBy(() -> publication.publish("name"))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
    }
    assertThat(parent.resolve("name/old")).exists();
    assertThat(Publication.published(parent)).hasSize(1);
  }

  @Test
  void leftOversOfACrashAreReclaimed() throws Exception {
    Path left = Publication.begin(parent).directory();
    Files.writeString(left.resolve("half"), "a file");
    Files.createDirectory(parent.resolve("whole"));
    Publication.reclaim(parent);
    assertThat(left).doesNotExist();
    assertThat(parent.resolve("whole")).exists();
    Publication.reclaim(parent.resolve("nowhere"));
  }

  @Test
  void withdrawnIsGone() throws Exception {
    Files.createDirectories(parent.resolve("name/inner"));
    Publication.withdraw(parent.resolve("name"));
    assertThat(parent).isEmptyDirectory();
  }

  @Test
  void manifestComesBackAsWrittenAndDamageIsNamed() throws Exception {
    Path file = parent.resolve("m.properties");
    Manifest.write(file, Map.of("name", "a = b # c\n\u00e9", "size", "42", "when", "soon"));
    Manifest manifest = Manifest.read(file);
    assertThat(manifest.text("name")).isEqualTo("a = b # c\n\u00e9");
    assertThat(manifest.number("size")).isEqualTo(42);
    assertThatThrownBy(() -> manifest.time("when"))
        .hasMessageContaining("when is no time in " + file);
    assertThatThrownBy(() -> manifest.text("other")).hasMessageContaining("other is missing");
    assertThatThrownBy(() -> manifest.uuid("name")).hasMessageContaining("is no UUID");
    Files.writeString(file, "a=\\u00zz");
    assertThatThrownBy(() -> Manifest.read(file))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT));
  }
}
