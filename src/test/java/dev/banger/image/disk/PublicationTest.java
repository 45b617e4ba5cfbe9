package dev.banger.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.Journal;
import dev.banger.journal.MemoryJournal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationTest {
  @TempDir Path parent;
  private Journal journal;

  @BeforeEach
  void open() {
    journal = MemoryJournal.journal();
    journal.undoer(StepKind.IMAGE_STAGING, Publication::undo);
  }

  private Publication begin(Steps steps) throws Exception {
    return Publication.begin(steps, StepKind.IMAGE_STAGING, parent);
  }

  @Test
  void nothingIsSeenUntilItIsWhole() throws Exception {
    try (Steps steps = journal.steps("image")) {
      Publication publication = begin(steps);
      Files.writeString(publication.directory().resolve("file"), "content");
      assertThat(Publication.published(parent)).isEmpty();
      publication.sync();
      publication.publish("name");
      steps.keep();
    }
    assertThat(Publication.published(parent)).containsExactly(parent.resolve("name"));
    assertThat(parent.resolve("name/file")).hasContent("content");
  }

  @Test
  void unpublishedLeavesNothingBehind() throws Exception {
    try (Steps steps = journal.steps("image")) {
      Publication publication = begin(steps);
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
    try (Steps steps = journal.steps("image")) {
      Publication publication = begin(steps);
      assertThatThrownBy(() -> publication.publish("name"))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
    }
    assertThat(parent.resolve("name/old")).exists();
    assertThat(Publication.published(parent)).hasSize(1);
  }

  @Test
  void whatIsNotPublishedIsUnfinished() throws Exception {
    Path left = begin(journal.steps("image")).directory();
    Files.createDirectory(parent.resolve("whole"));
    assertThat(Publication.unfinished(parent)).containsExactly(left);
    assertThat(Publication.unfinished(parent.resolve("nowhere"))).isEmpty();
  }

  @Test
  void onlyWhatWasNeverPublishedIsUndone() throws Exception {
    Path whole = Files.createDirectory(parent.resolve("whole"));
    assertThatThrownBy(() -> Publication.undo(Step.of(StepKind.IMAGE_STAGING, "image", whole)))
        .hasMessageContaining("was never unpublished");
    assertThat(whole).exists();
  }

  @Test
  void withdrawnIsOutOfSightAtOnceAndThenGone() throws Exception {
    Files.createDirectories(parent.resolve("name/inner"));
    try (Steps steps = journal.steps("image")) {
      Publication.withdraw(steps, StepKind.IMAGE_STAGING, parent.resolve("name"));
      assertThat(Publication.published(parent)).isEmpty();
    }
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
