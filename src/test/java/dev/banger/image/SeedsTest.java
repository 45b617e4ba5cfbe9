package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.image.disk.DiskTemplate;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Judged by e2fsck and debugfs. */
class SeedsTest {
  @TempDir Path temporary;
  private Directories directories;
  private Images images;
  private Image image;

  @BeforeEach
  void anImage() throws Exception {
    directories = Directories.of(Map.of(), temporary.resolve("home"), false);
    images = images();
    image = images.pull(ImageReference.parse("tiny:one"), Progress.SILENT);
  }

  private Images images() throws BangerException {
    return new Images(
        directories,
        List.of(new TinyImageSource(Path.of("/bin/true"), Binaries.ofPath())),
        new OrderedLock(LockRank.IMAGE_OPS, "images"),
        MemoryJournal.journal(),
        Clock.systemUTC());
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  /** As the client packs it, with GNU tar. */
  private byte[] archive(String script) throws Exception {
    Path tree = Files.createTempDirectory(temporary, "tree");
    run("sh", "-ec", "cd '" + tree + "'; " + script);
    Path tar = tree.resolveSibling(tree.getFileName() + ".tar");
    run("tar", "--sort=name", "-C", tree.toString(), "-cf", tar.toString(), ".");
    return Files.readAllBytes(tar);
  }

  private Seed make(byte[] archive) throws Exception {
    return images
        .seeds()
        .make(
            image,
            new ArchiveLayer(new ByteArrayInputStream(archive)),
            "a test",
            "SHA256:one",
            Progress.SILENT);
  }

  private static String look(Seed seed, String request) throws Exception {
    return run("debugfs", "-R", request, seed.disk().file().toString());
  }

  private List<String> names() throws Exception {
    try (var files = Files.list(directories.data().resolve("seeds"))) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void itIsAWorkDiskWithTheFilesAndHoldsNoKey() throws Exception {
    Seed seed =
        make(
            archive(
                "mkdir .ssh .banger; echo k > .ssh/authorized_keys; echo c > .ssh/config;"
                    + " echo x > .banger/x; echo hello > note; chmod 4755 note; ln -s note link"));
    String disk = seed.disk().file().toString();
    assertThat(run("e2fsck", "-fn", disk)).doesNotContain("ERROR").doesNotContain("lost+found");
    assertThat(run("dumpe2fs", "-h", disk))
        .contains(DiskTemplate.Role.WORK.uuid().toString(), "has_journal", "resize_inode");
    assertThat(look(seed, "cat note")).contains("hello");
    assertThat(look(seed, "ls -l /")).doesNotContain("lost+found");
    assertThat(look(seed, "stat note")).contains("Mode:  0755", "User:     0   Group:     0");
    assertThat(look(seed, "stat .")).contains("Mode:  0700", "User:     0");
    assertThat(look(seed, "stat .banger/docker")).contains("Mode:  0711");
    assertThat(look(seed, "ls .ssh")).contains("config").doesNotContain("authorized_keys");
    assertThat(look(seed, "ls .banger")).doesNotContain(" x ");
    assertThat(images.seeds().of(image.id())).contains(seed);
    assertThat(seed.fingerprint()).isEqualTo("SHA256:one");
  }

  @Test
  void aSecondOneTakesThePlaceOfTheFirst() throws Exception {
    Seed first = make(archive("echo 1 > one"));
    Seed second = make(archive("echo 2 > two"));
    assertThat(images.seeds().of(image.id())).contains(second);
    assertThat(first.directory()).doesNotExist();
    assertThat(names()).containsExactly(second.directory().getFileName().toString());
    assertThat(images().seeds().of(image.id())).contains(second);
  }

  @Test
  void whatIsNoWholeArchiveChangesNothing() throws Exception {
    Seed before = make(archive("echo 1 > one"));
    byte[] whole = archive("echo 2 > two; head -c 5000 /dev/urandom > noise");
    byte[] betweenFiles = Arrays.copyOf(whole, 512);
    byte[] withinAFile = Arrays.copyOf(whole, 3000);
    byte[] none = "no archive".repeat(100).getBytes(StandardCharsets.UTF_8);
    for (byte[] bad : List.of(new byte[0], betweenFiles, withinAFile, none)) {
      assertThatThrownBy(() -> make(bad))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
      assertThat(images.seeds().of(image.id())).contains(before);
      assertThat(names()).hasSize(1);
    }
  }

  @Test
  void aSecondNameOfWhatIsLeftOutIsRefused() throws Exception {
    byte[] archive =
        archive("mkdir .ssh; echo k > .ssh/authorized_keys; ln .ssh/authorized_keys z");
    assertThatThrownBy(() -> make(archive)).hasMessageContaining("left out");
    assertThat(names()).isEmpty();
  }

  @Test
  void itGoesWithItsImageOrWhenItIsCleared() throws Exception {
    Seed _ = make(archive("echo 1 > one"));
    assertThat(images.seeds().clear(image)).isTrue();
    assertThat(images.seeds().clear(image)).isFalse();
    assertThat(names()).isEmpty();
    Seed _ = make(archive("echo 1 > one"));
    images.delete(image, List::of);
    assertThat(names()).isEmpty();
    assertThatThrownBy(() -> make(archive("echo 1 > one"))).hasMessageContaining("any more");
    assertThat(names()).isEmpty();
  }

  @Test
  void whatADaemonThatDiedLeftIsRemoved() throws Exception {
    Seed seed = make(archive("echo 1 > one"));
    Path seeds = directories.data().resolve("seeds");
    Path older = seeds.resolve(image.id() + "-0");
    run("cp", "-a", seed.directory().toString(), older.toString());
    run(
        "sed",
        "-i",
        "s/^created=.*/created=2001-01-01T00\\\\:00\\\\:00Z/",
        older + "/seed.properties");
    run("cp", "-a", seed.directory().toString(), seeds.resolve("0123456789ab-1").toString());
    Files.createDirectory(seeds.resolve(".new-1"));
    Images next = images();
    assertThat(next.seeds().of(image.id())).contains(seed);
    next.reclaim();
    assertThat(names()).containsExactly(seed.directory().getFileName().toString());
  }

  @Test
  void theFingerprintIsRefreshed() throws Exception {
    Seed seed = make(archive("echo 1 > one"));
    images.seeds().refresh("SHA256:two");
    assertThat(seed.fingerprint()).isEqualTo("SHA256:two");
    Files.delete(seed.directory().resolve("fingerprint"));
    images.seeds().refresh("SHA256:two");
    assertThat(seed.fingerprint()).isEqualTo("SHA256:two");
  }

  @Test
  void aSmallerDiskIsRefusedWithNumbers() throws Exception {
    images.seeds().requireFits(image, ByteSize.mib(64));
    Seed seed = make(archive("echo 1 > one"));
    assertThatThrownBy(() -> images.seeds().requireFits(image, ByteSize.mib(64)))
        .hasMessageContaining(ByteSize.mib(64).toString())
        .hasMessageContaining(seed.size().toString());
    images.seeds().requireFits(image, seed.size());
  }
}
