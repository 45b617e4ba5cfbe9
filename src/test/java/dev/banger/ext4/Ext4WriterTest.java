package dev.banger.ext4;

import static dev.banger.ext4.Ext4Judges.check;
import static dev.banger.ext4.Ext4Judges.debugfs;
import static dev.banger.ext4.Ext4Judges.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What e2fsprogs say of what is written. */
final class Ext4WriterTest {
  private static final Ext4Options OPTIONS =
      new Ext4Options(new UUID(4, 2), "test", 1_700_000_000, 0);

  @TempDir Path directory;

  private static Attributes attributes(int mode) {
    return new Attributes(mode, 0, 0, 1_600_000_000, 123_456_789, Map.of());
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** A root directory in the making. */
  private static final class Root {
    final Ext4Writer writer;
    final List<DirectoryEntry> entries = new ArrayList<>();
    int subdirectories;

    Root(Path path, Ext4Options options) throws IOException {
      writer = Ext4Writer.create(path, options);
    }

    int file(String name, byte[] content) throws IOException {
      return file(name, attributes(0100644), new ByteArrayInputStream(content), content.length);
    }

    int file(String name, Attributes attributes, InputStream content, long size)
        throws IOException {
      int inode = writer.file(attributes, content, size);
      add(name, inode, Attributes.REGULAR);
      return inode;
    }

    void add(String name, int inode, int type) {
      entries.add(new DirectoryEntry(text(name), inode, type));
      subdirectories += type == Attributes.DIRECTORY ? 1 : 0;
    }

    void directory(String name, List<DirectoryEntry> content) throws IOException {
      int inode = writer.reserveDirectory();
      writer.directory(inode, Ext4Writer.ROOT, attributes(040755), content.iterator(), 0);
      add(name, inode, Attributes.DIRECTORY);
    }

    void finish() throws IOException {
      int lost = writer.reserveDirectory();
      writer.directory(
          lost,
          Ext4Writer.ROOT,
          Ext4Writer.lostAndFound(0),
          List.<DirectoryEntry>of().iterator(),
          0);
      add("lost+found", lost, Attributes.DIRECTORY);
      writer.directory(
          Ext4Writer.ROOT, Ext4Writer.ROOT, attributes(040755), entries.iterator(), subdirectories);
      writer.finish(lost);
    }
  }

  private byte[] content(Path image, String name) throws Exception {
    Path out = directory.resolve("dump");
    Files.deleteIfExists(out);
    debugfs(image, "dump \"" + name + "\" " + out);
    return Files.readAllBytes(out);
  }

  @Test
  void anEmptyFileSystemIsSound() throws Exception {
    Path image = directory.resolve("image");
    new Root(image, OPTIONS).finish();
    check(image);
    assertThat(Files.size(image)).isEqualTo(128 << 20);
    assertThat(run("du", "-k", image.toString())).matches("(?s)[0-9]{1,3}\\s.*");
  }

  @Test
  void everyTypeOfFileIsWhatItWas() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] large = random(5 << 20, 1);
    int file = root.file("large", large);
    root.add("twin", file, Attributes.REGULAR);
    root.writer.links(file, 2);
    root.file("empty", new byte[0]);
    root.add("short", root.writer.symlink(attributes(0120777), text("large")), Attributes.SYMLINK);
    String far = "x/".repeat(40) + "large";
    root.add("long", root.writer.symlink(attributes(0120777), text(far)), Attributes.SYMLINK);
    root.add(
        "tty", root.writer.special(attributes(020600), 300, 70_000), Attributes.CHARACTER_DEVICE);
    root.add("disk", root.writer.special(attributes(060660), 8, 1), Attributes.BLOCK_DEVICE);
    root.add("fifo", root.writer.special(attributes(010644), 0, 0), Attributes.FIFO);
    root.add("socket", root.writer.special(attributes(0140755), 0, 0), Attributes.SOCKET);
    Attributes owned = new Attributes(0104755, 100_000, 3_000_000, -1, 0, Map.of());
    root.file("owned", owned, InputStream.nullInputStream(), 0);
    root.finish();
    check(image);
    assertThat(content(image, "twin")).isEqualTo(large);
    assertThat(debugfs(image, "stat large")).contains("Links: 2", "Size: 5242880");
    assertThat(debugfs(image, "stat short")).contains("Fast link dest: \"large\"");
    assertThat(debugfs(image, "stat tty")).contains("Device major/minor number: 300:70000");
    assertThat(debugfs(image, "stat disk")).contains("Device major/minor number: 08:01");
    assertThat(debugfs(image, "stat owned"))
        .contains("User: 100000", "Group: 3000000", "Mode:  04755");
  }

  @Test
  void extendedAttributesAndAclsAreThere() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] capability = {1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    byte[] acl = acl();
    Map<String, byte[]> few = Map.of("security.capability", capability);
    Map<String, byte[]> many =
        Map.of(
            "security.capability",
            capability,
            "user.long",
            random(2000, 3),
            "user.empty",
            new byte[0],
            "trusted.overlay.opaque",
            text("y"),
            "system.posix_acl_access",
            acl);
    root.file("few", with(few), InputStream.nullInputStream(), 0);
    root.file("many", with(many), InputStream.nullInputStream(), 0);
    root.finish();
    check(image);
    assertThat(debugfs(image, "ea_list few")).contains("security.capability (20)");
    assertThat(debugfs(image, "ea_list many"))
        .contains("user.long (2000)", "user.empty (0)", "trusted.overlay.opaque (1)");
    assertThatThrownBy(() -> new ExtendedAttributes(Map.of("user.x", new byte[5000])))
        .hasMessageContaining("user.x");
    assertThatThrownBy(() -> new ExtendedAttributes(Map.of("nonsense", new byte[1])))
        .hasMessageContaining("nonsense");
  }

  private static Attributes with(Map<String, byte[]> extended) {
    return new Attributes(0100755, 0, 0, 1, 0, extended);
  }

  /** u::rw-,u:7:r--,g::r--,m::r--,o::--- as getxattr(2) gives it. */
  private static byte[] acl() {
    int[][] entries = {{1, 6, -1}, {2, 4, 7}, {4, 4, -1}, {16, 4, -1}, {32, 0, -1}};
    Little acl = Little.of(new byte[4 + 8 * entries.length]).putInt(0, 2);
    for (int i = 0; i < entries.length; i++) {
      int at = 4 + 8 * i;
      acl.putShort(at, (short) entries[i][0]).putShort(at + 2, (short) entries[i][1]);
      acl.putInt(at + 4, entries[i][2]);
    }
    return acl.array();
  }

  @Test
  void largeDirectoriesAreIndexed() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    for (int count : new int[] {300, 5_000, 150_000}) {
      int one = root.writer.file(attributes(0100600), InputStream.nullInputStream(), 0);
      List<DirectoryEntry> names = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int inode = i % 60_000 == 0 ? one : names.get(i - 1).inode();
        if (i > 0 && i % 60_000 == 0) {
          inode = root.writer.file(attributes(0100600), InputStream.nullInputStream(), 0);
        }
        names.add(
            new DirectoryEntry(text("a name \u00fc of number " + i), inode, Attributes.REGULAR));
      }
      for (int i = 0; i < count; i += 60_000) {
        root.writer.links(names.get(i).inode(), Math.min(60_000, count - i));
      }
      root.directory("d" + count, names);
    }
    root.finish();
    check(image);
    assertThat(debugfs(image, "htree_dump d300")).contains("Indirect levels: 0");
    assertThat(debugfs(image, "htree_dump d150000")).contains("Indirect levels: 1");
    assertThat(debugfs(image, "stat \"d150000/a name \u00fc of number 149999\""))
        .contains("regular");
  }

  @Test
  void zerosAreHolesAndManyPiecesMakeATree() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] pieces = new byte[3000 * 4096];
    for (int i = 0; i < pieces.length; i += 8192) {
      pieces[i] = (byte) (i >> 13 | 1);
    }
    root.file("pieces", pieces);
    byte[] zeros = new byte[3 << 20];
    root.file("zeros", zeros);
    root.finish();
    check(image);
    assertThat(content(image, "pieces")).isEqualTo(pieces);
    assertThat(content(image, "zeros")).isEqualTo(zeros);
    assertThat(debugfs(image, "stat zeros")).contains("Blockcount: 0");
    assertThat(debugfs(image, "ex pieces")).contains(" 2999");
  }

  @Test
  void dataGoesAroundTheCopiesOfTheSuperblock() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] large = random(300 << 20, 2);
    root.file("large", large);
    root.finish();
    check(image);
    run("e2fsck", "-fn", "-b", "32768", image.toString());
    assertThat(content(image, "large")).isEqualTo(large);
  }

  @Test
  void whatIsRemovedLeavesFreeBlocks() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] pieces = new byte[1000 * 8192];
    for (int i = 0; i < pieces.length; i += 8192) {
      pieces[i] = 1;
    }
    int gone =
        root.writer.file(
            with(Map.of("user.x", random(3000, 1))),
            new ByteArrayInputStream(pieces),
            pieces.length);
    root.file("stays", random(10_000, 5));
    root.writer.remove(gone);
    root.finish();
    check(image);
    assertThat(content(image, "stays")).isEqualTo(random(10_000, 5));
  }

  @Test
  void theSameCallsMakeTheSameBytes() throws Exception {
    byte[] last = null;
    for (String name : List.of("one", "other")) {
      Path image = directory.resolve(name);
      Root root = new Root(image, OPTIONS);
      root.file("a", random(100_000, 7));
      root.directory("d", List.of());
      root.finish();
      byte[] bytes = Files.readAllBytes(image);
      assertThat(last == null || Arrays.equals(last, bytes)).isTrue();
      last = bytes;
    }
  }

  @Test
  void itGrowsToATebibyte() throws Exception {
    Path image = directory.resolve("image");
    Root root = new Root(image, OPTIONS);
    byte[] content = random(1 << 20, 9);
    root.file("a", content);
    root.finish();
    run("truncate", "-s", "1T", image.toString());
    run("resize2fs", image.toString());
    check(image);
    assertThat(content(image, "a")).isEqualTo(content);
  }

  @Test
  void aShortContentIsRefused() throws Exception {
    try (Ext4Writer writer = Ext4Writer.create(directory.resolve("image"), OPTIONS)) {
      assertThatThrownBy(
              () -> writer.file(attributes(0100644), new ByteArrayInputStream(new byte[10]), 11))
          .hasMessageContaining("ends after 10");
    }
  }
}
