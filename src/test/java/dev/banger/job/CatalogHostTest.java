package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** An image made on one host, signed, served by a web server, pulled and booted on another. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CatalogHostTest {
  private static final int PORT = 18_080 + (int) (ProcessHandle.current().pid() % 20_000);
  private static final String URL = "http://127.0.0.1:" + PORT;

  @TempDir static Path directory;
  private Process server;
  private String key;

  /** The bundle {@code tools:1} with its kernel, in a signed catalog below the server's root. */
  @BeforeAll
  void publish() throws Exception {
    Path served = Files.createDirectory(directory.resolve("served"));
    try (Host host = Host.open()) {
      host.sh(
              """
              set -e; cd '%s'
              mkdir -p root/bin root/tmp
              cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
              for name in sh uname cat; do ln -s busybox root/bin/$name; done
              echo of a bundle > root/note
              mke2fs -q -t ext4 -d root root.ext4 32M
              mkdir home; echo of a home > home/note
              banger image register tools:1 --rootfs root.ext4 --seed home
              banger image bundle tools:1 -o served/tools.bundle --catalog served/team.json \
                --description 'what we build with'
              banger image delete tools:1
              banger catalog key key.pem > key.word
              test "$(stat -c %%a key.pem)" = 600
              test -z "$(find . -name '.banger-*')"
              zstd -dcq served/tools.bundle | tar -xO image.properties > said
              grep -q 'provenance=sha256' said; if grep -q "$PWD" said; then exit 1; fi
              banger catalog key key.pem | cmp - key.word
              cp served/team.json served/unsigned.json
              banger catalog sign served/team.json --key key.pem
              """
                  .formatted(directory))
          .ok();
    }
    key = Files.readString(directory.resolve("key.word")).strip();
    server =
        new ProcessBuilder(
                "busybox", "httpd", "-f", "-v", "-p", "127.0.0.1:" + PORT, "-h", served.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("httpd.log").toFile())
            .start();
  }

  @AfterAll
  void stopServing() throws Exception {
    server.destroy();
    assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  /** A host with nothing on it that knows this catalog and this key. */
  private static Host stranger(Path home, String catalog, String key) throws Exception {
    return Host.alone(home)
        .configure(
            "[catalogs]\nurls = [\"" + URL + "/" + catalog + "\"]\nkeys = [\"" + key + "\"]\n");
  }

  private Path home() throws Exception {
    return Files.createTempDirectory("banger-test-");
  }

  @Test
  void anotherHostFindsPullsAndBootsItWithItsKernel() throws Exception {
    try (Host host = stranger(home(), "team.json", key)) {
      String found = host.banger("image", "find", "tools").ok().out();
      assertThat(found).contains("tools:1", "team", "no", "what we build with");
      assertThat(found).doesNotContain("not signed", "debian");
      // Half of the bundle is here already, as after a download that was cut off.
      String sum = sumOfBundle();
      Path blobs = Files.createDirectories(host.home().resolve("cache/blobs/sha256"));
      byte[] bundle = Files.readAllBytes(directory.resolve("served/tools.bundle"));
      Files.write(
          blobs.resolve(sum + ".partial"), java.util.Arrays.copyOf(bundle, bundle.length / 2));
      assertThat(
              host.banger("vm", "run", "--image", "tools:1", "--", "cat", "/note", "/root/note")
                  .ok()
                  .out())
          .isEqualTo("of a bundle\nof a home\n");
      assertThat(Files.readString(directory.resolve("httpd.log"))).contains("response:206");
      assertThat(host.banger("image", "show", "tools:1").ok().out())
          .contains("catalog:team/tools:1@sha256:" + sum);
      assertThat(host.banger("kernel", "ls").ok().out())
          .contains("cloud-amd64", "catalog:team/tools:1");
      assertThat(host.banger("image", "find", "--json", "tools").ok().out())
          .contains("\"signed\":true", "\"id\":\"", "\"problems\":[]");
    }
  }

  private String sumOfBundle() throws Exception {
    Process sum =
        new ProcessBuilder("sha256sum", directory.resolve("served/tools.bundle").toString())
            .start();
    return new String(sum.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
        .substring(0, 64);
  }

  private static void assertNothingStays(Host host) throws Exception {
    assertThat(host.banger("image", "ls").ok().out().lines()).hasSize(1);
    assertThat(host.banger("kernel", "ls").ok().out().lines()).hasSize(1);
    for (String parent : new String[] {"images", "kernels"}) {
      Path there = host.home().resolve(parent);
      if (Files.exists(there)) {
        try (var left = Files.list(there)) {
          assertThat(left).isEmpty();
        }
      }
    }
  }

  @Test
  void whatNobodySignedOrAStrangerSignedIsRefused() throws Exception {
    try (Host host = stranger(home(), "unsigned.json", key)) {
      assertThat(host.banger("image", "pull", "tools:1").err())
          .contains("PERMISSION", "nobody has signed it");
      assertThat(host.banger("image", "find", "tools").ok().out()).contains("not signed");
      assertNothingStays(host);
    }
    String other = Files.readString(other());
    try (Host host = stranger(home(), "team.json", other.strip())) {
      assertThat(host.banger("image", "pull", "tools:1").err())
          .contains("PERMISSION", "none of the keys");
      assertNothingStays(host);
    }
  }

  private Path other() throws Exception {
    Path word = directory.resolve("other.word");
    try (Host host = Host.alone(home())) {
      host.sh("banger catalog key '" + directory + "/other.pem' > '" + word + "'").ok();
    }
    return word;
  }

  @Test
  void aBundleThatWasChangedIsRefusedAndLeavesNothing() throws Exception {
    Path served = directory.resolve("served");
    byte[] bundle = Files.readAllBytes(served.resolve("tools.bundle"));
    bundle[bundle.length / 2] ^= 1;
    Path changed = Files.createDirectories(served.resolve("changed"));
    Files.write(changed.resolve("tools.bundle"), bundle);
    Files.copy(served.resolve("team.json"), changed.resolve("team.json"));
    try (Host host = stranger(home(), "changed/team.json", key)) {
      assertThat(host.banger("image", "pull", "tools:1").err())
          .contains("CORRUPT", "another content");
      assertNothingStays(host);
    }
  }

  @Test
  void aBundleThatIsDamagedInTheCacheIsDownloadedAgain() throws Exception {
    try (Host host = stranger(home(), "team.json", key)) {
      Path blobs = Files.createDirectories(host.home().resolve("cache/blobs/sha256"));
      long size = Files.size(directory.resolve("served/tools.bundle"));
      Files.write(blobs.resolve(sumOfBundle()), new byte[(int) size]);
      assertThat(host.banger("image", "pull", "tools:1").err()).contains("CORRUPT", "is damaged");
      assertNothingStays(host);
      host.banger("image", "pull", "tools:1").ok();
    }
  }

  @Test
  void whatACatalogListsIsAskedOfNobodyElse() throws Exception {
    Path moved = Files.createDirectories(directory.resolve("served/moved"));
    Files.copy(directory.resolve("served/team.json"), moved.resolve("team.json"));
    try (Host host = stranger(home(), "moved/team.json", key)) {
      Host.Result pull = host.banger("image", "pull", "tools:1");
      assertThat(pull.err()).contains("NOT_FOUND", "/moved/tools.bundle");
      assertThat(pull.err()).doesNotContain("docker.io");
    }
    try (Host host = stranger(home(), "missing.json", key)) {
      Host.Result pull = host.banger("image", "pull", "tools:1");
      assertThat(pull.err()).contains("UNAVAILABLE", "no catalog that can be read has tools:1");
    }
  }

  @Test
  void aCatalogThatCannotBeReadIsTold() throws Exception {
    try (Host host = stranger(home(), "missing.json", key)) {
      Host.Result found = host.banger("image", "find").ok();
      assertThat(found.out()).contains("debian:bookworm");
      assertThat(found.err()).contains("cannot read " + URL + "/missing.json");
    }
  }
}
