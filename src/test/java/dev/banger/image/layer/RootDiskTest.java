package dev.banger.image.layer;

import static dev.banger.ext4.Ext4Judges.check;
import static dev.banger.ext4.Ext4Judges.debugfs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.ext4.Ext4Options;
import dev.banger.model.BangerException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of layers, as debugfs and e2fsck see it; docs/images.md has the list. */
final class RootDiskTest {
  @TempDir Path directory;

  /** The lowest layer first. */
  private Path write(Layer... layers) throws Exception {
    Path disk = directory.resolve("disk");
    Files.deleteIfExists(disk);
    RootDisk.write(
        List.of(layers),
        disk,
        directory,
        new Ext4Options(new UUID(1, 2), "", 1_700_000_000, 0),
        Set.of(),
        bytes -> {});
    check(disk);
    try (var left = Files.list(directory)) {
      assertThat(left.map(p -> p.getFileName().toString())).doesNotContain("nodes", "texts");
    }
    return disk;
  }

  private static String cat(Path disk, String name) throws Exception {
    return debugfs(disk, "cat \"" + name + "\"");
  }

  /** Names in a directory, without "." and "..". */
  private static List<String> names(Path disk, String name) throws Exception {
    return debugfs(disk, "ls -p \"" + name + "\"")
        .lines()
        .filter(line -> line.startsWith("/"))
        .map(line -> line.split("/", -1)[5])
        .filter(found -> !found.equals(".") && !found.equals("..") && !found.equals("lost+found"))
        .sorted()
        .toList();
  }

  private void refused(String why, Layer... layers) throws Exception {
    assertThatThrownBy(() -> write(layers))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining(why);
    try (var left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void theUpperLayerHidesTheLower() throws Exception {
    Path disk =
        write(
            new TarBytes().directory("etc").file("etc/a", "lower").file("etc/b", "lower"),
            new TarBytes().file("etc/a", "upper"));
    assertThat(cat(disk, "etc/a")).isEqualTo("upper");
    assertThat(cat(disk, "etc/b")).isEqualTo("lower");
  }

  @Test
  void aWhiteoutHidesWhatIsBelowAndNothingOfItsOwnLayer() throws Exception {
    Path disk =
        write(
            new TarBytes().file("a", "1").file("d/x", "1").file("d/y", "1").file("e", "1"),
            new TarBytes()
                .file(".wh.a", "")
                .file(".wh.d", "")
                .file("d/z", "2")
                .file(".wh.none", ""));
    assertThat(names(disk, "/")).containsExactly("d", "e");
    assertThat(names(disk, "/d")).containsExactly("z");
  }

  @Test
  void aWhiteoutAfterOrBeforeTheFileOfItsLayerLeavesThatFile() throws Exception {
    Path disk =
        write(
            new TarBytes().file("a/old", "1").file("b/old", "1"),
            new TarBytes().file(".wh.a", "").file("a", "2").file("b", "2").file(".wh.b", ""));
    assertThat(cat(disk, "a")).isEqualTo("2");
    assertThat(cat(disk, "b")).isEqualTo("2");
  }

  @Test
  void anOpaqueDirectoryKeepsOnlyWhatItsLayerAndThoseAboveHave() throws Exception {
    Path disk =
        write(
            new TarBytes().file("d/old", "1").file("d/sub/old", "1"),
            new TarBytes().directory("d").file("d/.wh..wh..opq", "").file("d/new", "2"),
            new TarBytes().file("d/newer", "3"));
    assertThat(names(disk, "/d")).containsExactly("new", "newer");
  }

  @Test
  void aFileThatBecomesADirectoryAndBackIsWhatTheTopLayerSays() throws Exception {
    Path disk =
        write(
            new TarBytes().file("a", "1").file("b/x", "1"),
            new TarBytes().directory("a").file("a/x", "2").file("b", "2"));
    assertThat(names(disk, "/a")).containsExactly("x");
    assertThat(cat(disk, "b")).isEqualTo("2");
  }

  @Test
  void aDirectoryHasTheAttributesOfTheTopLayerThatNamesIt() throws Exception {
    Path disk =
        write(
            new TarBytes().pax("mtime", "1000.5").directory("d").file("d/x", "1"),
            new TarBytes().file("d/y", "2"),
            new TarBytes().file("implied/z", "3"));
    assertThat(debugfs(disk, "stat d")).contains("mtime: 0x000003e8:77359400");
    assertThat(debugfs(disk, "stat implied")).contains("Mode:  0755");
  }

  @Test
  void hardLinksShareAnInodeAlsoAcrossLayersAndWhereTheirFileIsHidden() throws Exception {
    Path disk =
        write(
            new TarBytes().file("old", "of below").file("hidden", "hidden").link("twin", "hidden"),
            new TarBytes().link("across", "old").file("here", "x").link("here2", "/here"),
            new TarBytes().file(".wh.hidden", "").file(".wh.old", ""));
    assertThat(names(disk, "/")).containsExactly("across", "here", "here2", "twin");
    assertThat(cat(disk, "across")).isEqualTo("of below");
    assertThat(cat(disk, "twin")).isEqualTo("hidden");
    assertThat(debugfs(disk, "stat here")).contains("Links: 2");
    assertThat(debugfs(disk, "stat twin")).contains("Links: 1");
  }

  @Test
  void aChainOfHiddenHardLinksIsFollowed() throws Exception {
    Path disk =
        write(
            new TarBytes().file("a", "data").link("b", "a").link("c", "b"),
            new TarBytes().file(".wh.a", "").file(".wh.b", ""));
    assertThat(names(disk, "/")).containsExactly("c");
    assertThat(cat(disk, "c")).isEqualTo("data");
  }

  @Test
  void filesBelowASymbolicLinkGoWhereItPointsWithinTheImage() throws Exception {
    Path disk =
        write(
            new TarBytes()
                .directory("usr")
                .file("usr/lib/a", "old")
                .file("usr/lib/b", "kept")
                .symlink("lib", "usr/lib")
                .symlink("out", "/../../escape"),
            new TarBytes().file("lib/a", "new").file("lib/.wh.b", "").file("out/x", "inside"));
    assertThat(names(disk, "/usr/lib")).containsExactly("a");
    assertThat(cat(disk, "usr/lib/a")).isEqualTo("new");
    assertThat(debugfs(disk, "stat lib")).contains("Fast link dest: \"usr/lib\"");
    assertThat(cat(disk, "escape/x")).isEqualTo("inside");
  }

  @Test
  void aSymbolicLinkThatPointsIntoItselfIsRefused() throws Exception {
    refused(
        "more than 40 links", new TarBytes().symlink("a", "b").symlink("b", "a").file("a/x", ""));
  }

  @Test
  void absolutePathsAndDotsBeginAtTheRoot() throws Exception {
    Path disk =
        write(
            new TarBytes()
                .directory("./")
                .file("/etc/a", "1")
                .file("./b", "2")
                .file("x/../c", "3"));
    assertThat(names(disk, "/")).containsExactly("b", "c", "etc");
  }

  @Test
  void aPathThatLeavesTheRootIsRefused() throws Exception {
    refused("leaves the root", new TarBytes().file("../etc/passwd", "x"));
    refused("leaves the root", new TarBytes().link("a", "../../etc/passwd"));
  }

  @Test
  void ofTwoEntriesInOneLayerTheLaterOneCounts() throws Exception {
    Path disk =
        write(
            new TarBytes()
                .file("a", "first")
                .file("a", "second")
                .symlink("b", "x")
                .file("b", "file"));
    assertThat(cat(disk, "a")).isEqualTo("second");
    assertThat(cat(disk, "b")).isEqualTo("file");
  }

  @Test
  void aFileBelowAFileIsRefused() throws Exception {
    refused("lies below a file", new TarBytes().file("a", "1").file("a/b", "2"));
  }

  @Test
  void aWhiteoutOfNothingIsRefused() throws Exception {
    refused("a whiteout of no file", new TarBytes().file(".wh.", ""));
    refused("a whiteout of no file", new TarBytes().file("d/.wh...", ""));
  }

  @Test
  void theRootIsADirectory() throws Exception {
    refused("the root would be no directory", new TarBytes().symlink("/", "x"));
  }

  @Test
  void aHardLinkToADirectoryOrToNothingIsRefused() throws Exception {
    refused("another name of a directory", new TarBytes().directory("d").link("a", "d"));
    refused("which no layer has", new TarBytes().link("a", "b"));
    refused("no layer has", new TarBytes().link("a", "b").link("b", "a"));
  }

  @Test
  void longNamesAndPathsAreHeldOrRefused() throws Exception {
    String longest = "n".repeat(255);
    Path disk = write(new TarBytes().file(longest, "1").file("d/".repeat(2000) + "x", "2"));
    assertThat(names(disk, "/")).contains(longest);
    refused("more than 255 bytes", new TarBytes().file("n".repeat(256), ""));
    refused("more than 4096 bytes", new TarBytes().file("d/".repeat(2100), ""));
  }

  @Test
  void namesAreBytesAndCaseMatters() throws Exception {
    Path disk =
        write(
            new TarBytes()
                .entry('0', new byte[] {'a', (byte) 0xff, 'b'}, "", TarBytes.text("1"))
                .file("A", "2")
                .file("a", "3"));
    assertThat(names(disk, "/")).containsExactly("A", "a", "a\u00ffb");
  }

  @Test
  void hugeHeadersAreRefusedBeforeTheyAreRead() throws Exception {
    refused("at most 1048576", new TarBytes().header('x', TarBytes.text("p"), "", 1L << 32));
    refused("at most 1048576", new TarBytes().header('L', TarBytes.text("p"), "", 1 << 21));
    refused(
        "pax header is malformed",
        new TarBytes().header('x', TarBytes.text("p"), "", 4).padded(TarBytes.text("9 a=")));
  }

  @Test
  void whatEndsTooEarlyIsRefused() throws Exception {
    byte[] whole = new TarBytes().file("a", "x".repeat(2000)).bytes();
    for (int length : new int[] {100, 600, 2500}) {
      refused("it ends within", cut(Arrays.copyOf(whole, length)));
    }
    refused("checksum is wrong", cut(new byte[] {1}, whole));
  }

  @Test
  void aLastFileWithoutItsPaddingIsTaken() throws Exception {
    byte[] whole = new TarBytes().file("a", "content").bytes();
    assertThat(cat(write(cut(Arrays.copyOf(whole, 512 + 7))), "a")).isEqualTo("content");
  }

  private static Layer cut(byte[]... parts) {
    return new Layer() {
      @Override
      public String name() {
        return "cut";
      }

      @Override
      public InputStream open() {
        byte[] all = new byte[0];
        for (byte[] part : parts) {
          int at = all.length;
          all = Arrays.copyOf(all, at + part.length);
          System.arraycopy(part, 0, all, at, part.length);
        }
        return new ByteArrayInputStream(all);
      }
    };
  }

  @Test
  void whatFollowsTheEndOfAnArchiveIsNotRead() throws Exception {
    byte[] archive = Arrays.copyOf(new TarBytes().file("a", "1").bytes(), 2048);
    Path disk = write(cut(archive, new TarBytes().file("b", "2").bytes()));
    assertThat(names(disk, "/")).containsExactly("a");
  }

  @Test
  void anEmptyImageIsAnEmptyDisk() throws Exception {
    assertThat(names(write(), "/")).isEmpty();
    assertThat(names(write(new TarBytes()), "/")).isEmpty();
  }

  @Test
  void attributesThatMeanSomethingToAnOverlayAreLeftOut() throws Exception {
    Path disk =
        write(
            new TarBytes()
                .pax("SCHILY.xattr.trusted.overlay.redirect", "/x")
                .pax("SCHILY.xattr.user.kept", "yes")
                .pax("SCHILY.xattr.com.apple.quarantine", "no")
                .file("a", ""));
    assertThat(debugfs(disk, "ea_list a")).contains("user.kept").doesNotContain("overlay", "apple");
  }

  @Test
  void anUnknownTypeIsRefused() throws Exception {
    refused("unknown type 'Q'", new TarBytes().entry('Q', TarBytes.text("a"), "", new byte[0]));
  }

  @Test
  void manyFilesInManyDirectoriesAreAllThere() throws Exception {
    TarBytes tar = new TarBytes();
    for (int i = 0; i < 30_000; i++) {
      tar.file("d" + i % 70 + "/f" + i, "content of " + i);
    }
    Path disk = write(tar);
    assertThat(names(disk, "/")).hasSize(70);
    assertThat(names(disk, "/d7")).hasSize(429);
    assertThat(cat(disk, "d7/f29967")).isEqualTo("content of 29967");
  }
}
