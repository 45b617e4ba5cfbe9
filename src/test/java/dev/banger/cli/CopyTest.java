package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.Version;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies as `docker cp` does them; GNU tar is the judge of the archives. */
@Timeout(60)
final class CopyTest {
  @TempDir Path home;
  private Path tree;

  @BeforeEach
  void makeTree() throws Exception {
    tree = Files.createDirectories(home.resolve("tree"));
    Files.writeString(tree.resolve("file"), "content\n");
    Files.createDirectories(tree.resolve("deep/" + "d".repeat(120)));
    Files.writeString(tree.resolve("deep/" + "d".repeat(120) + "/ü"), "umlaut");
    Files.createSymbolicLink(tree.resolve("link"), Path.of("t".repeat(150)));
    Files.write(tree.resolve("deep/large"), new byte[700_001]);
    tree.resolve("file").toFile().setExecutable(true);
  }

  private int cp(String... arguments) {
    String[] all = new String[arguments.length + 4];
    System.arraycopy(new String[] {"vm", "cp", "--data-dir", home.toString()}, 0, all, 0, 4);
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    Run run = Run.cli(all);
    assertThat(run.out()).isEmpty();
    return run.status();
  }

  private static void assertSame(Path one, Path other) throws Exception {
    Process diff =
        new ProcessBuilder("diff", "-r", "--no-dereference", one.toString(), other.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(diff.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(diff.waitFor()).as(said).isZero();
  }

  @Test
  void copiesInAndOutFollowDockersRules() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      Path guest = daemon.guest;
      Files.createDirectories(guest.resolve("dir"));
      String file = tree.resolve("file").toString();
      assertThat(cp(file, "web:/new")).isZero();
      assertThat(cp(file, "web:/dir")).isZero();
      assertThat(cp(file, "web:/dir/")).isZero();
      assertThat(guest.resolve("new")).hasContent("content\n").isExecutable();
      assertThat(guest.resolve("dir/file")).hasContent("content\n");
      assertThat(cp(file, "web:/missing/")).isEqualTo(2);
      assertThat(cp(tree.toString(), "web:/copy")).isZero();
      assertSame(tree, guest.resolve("copy"));
      assertThat(cp(tree.toString(), "web:/dir")).isZero();
      assertSame(tree, guest.resolve("dir/tree"));
      Files.createDirectories(guest.resolve("flat"));
      assertThat(cp(tree + "/.", "web:/flat")).isZero();
      assertSame(tree, guest.resolve("flat"));
      assertThat(cp(tree.toString(), "web:/new")).as("a directory over a file").isEqualTo(2);

      Path back = Files.createDirectories(home.resolve("back"));
      assertThat(cp("web:/copy", back.resolve("other").toString())).isZero();
      assertSame(tree, back.resolve("other"));
      assertThat(cp("web:/copy", back.toString())).isZero();
      assertSame(tree, back.resolve("copy"));
      Path flat = Files.createDirectories(home.resolve("flat"));
      assertThat(cp("web:/copy/.", flat.toString())).isZero();
      assertSame(tree, flat);
      assertThat(cp("web:/new", back.resolve("named").toString())).isZero();
      assertThat(back.resolve("named")).hasContent("content\n").isExecutable();
      assertThat(cp("web:/new", home.resolve("no/such/place").toString())).isEqualTo(2);
      assertThat(cp(home.resolve("none").toString(), "web:/x")).isEqualTo(2);
      assertThat(cp("web:/none", back.resolve("x").toString())).isEqualTo(1);
    }
  }

  @Test
  void aGuestsRootIsNotPouredOverTheHosts() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      Path link = Files.createSymbolicLink(home.resolve("way"), Path.of("/"));
      for (String from : List.of("web:/", "web:/.", "web:/dir/.", "web:/usr", "web:/x/etc/")) {
        assertThat(cp(from, "/")).isEqualTo(2);
        assertThat(cp(from, "/tmp/..")).isEqualTo(2);
        assertThat(cp(from, link.toString())).isEqualTo(2);
      }
      assertThat(daemon.requests).isEmpty();
    }
  }

  @Test
  void whatWePackGnuTarUnpacks() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter writer = new TarWriter(out, false);
    writer.add(tree, "tree");
    writer.finish();
    Path to = Files.createDirectories(home.resolve("to"));
    Process tar =
        new ProcessBuilder("tar", "-x", "-f", "-")
            .directory(to.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    tar.getOutputStream().write(out.toByteArray());
    tar.getOutputStream().close();
    assertThat(tar.waitFor()).isZero();
    assertSame(tree, to.resolve("tree"));
    assertThat(Files.getLastModifiedTime(to.resolve("tree/file")).toMillis() / 1000)
        .isEqualTo(Files.getLastModifiedTime(tree.resolve("file")).toMillis() / 1000);
  }

  @Test
  void whatGnuTarPacksInEachFormatWeUnpack() throws Exception {
    Files.createLink(tree.resolve("hard"), tree.resolve("file"));
    for (String format : List.of("gnu", "pax")) {
      Path to = Files.createDirectories(home.resolve(format));
      new TarReader(new ByteArrayInputStream(tar("--format=" + format, "tree")), to, null).unpack();
      assertSame(tree, to.resolve("tree"));
    }
  }

  private byte[] tar(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("tar", "-c", "-f", "-"));
    command.addAll(List.of(arguments));
    Process tar = new ProcessBuilder(command).directory(home.toFile()).start();
    try (InputStream in = tar.getInputStream()) {
      return in.readAllBytes();
    }
  }

  @Test
  void aHostileArchiveStaysInItsDirectory() throws Exception {
    Path outside = Files.createDirectories(home.resolve("outside"));
    Path to = Files.createDirectories(home.resolve("to"));
    Files.createSymbolicLink(to.resolve("way"), outside);
    byte[][] archives = {
      tar("-P", "--transform=s,tree/file,../evil,", "tree/file"),
      tar("-P", "--transform=s,tree/file,/tmp/banger-evil,", "tree/file"),
      tar("--transform=s,tree/file,way/evil,", "tree/file"),
    };
    for (byte[] archive : archives) {
      assertThatThrownBy(() -> new TarReader(new ByteArrayInputStream(archive), to, null).unpack())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the archive");
    }
    assertThat(outside).isEmptyDirectory();
    assertThat(home.resolve("evil")).doesNotExist();
  }

  @Test
  void aDamagedArchiveIsAClearError() throws Exception {
    byte[] good = tar("tree");
    Path to = Files.createDirectories(home.resolve("to"));
    byte[] bad = good.clone();
    bad[20] ^= 1;
    assertThatThrownBy(() -> new TarReader(new ByteArrayInputStream(bad), to, null).unpack())
        .hasMessageContaining("checksum");
    byte[] cut = java.util.Arrays.copyOf(good, 700);
    assertThatThrownBy(() -> new TarReader(new ByteArrayInputStream(cut), to, null).unpack())
        .isInstanceOf(IOException.class);
  }
}
