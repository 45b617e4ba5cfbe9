package dev.banger.image.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.banger.config.RegistrySettings;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.Digest;
import dev.banger.image.oci.WebContents;
import dev.banger.journal.MemoryJournal;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Releases from a web server of this host. */
@Timeout(60)
final class ReleasesTest {
  @TempDir private Path directory;
  private HttpServer server;
  private byte[] archive;

  @BeforeEach
  void serve() throws Exception {
    archive =
        archive(
            List.of("release-v1.16.1/firecracker-v1.16.1-x86_64", "release-v1.16.1/README"),
            "release-v1.16.1/jailer-v1.16.1-x86_64");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, archive.length);
            exchange.getResponseBody().write(archive);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  /** A tar archive, gzip, of files that hold their own names. */
  private static byte[] archive(List<String> names, String... more) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      for (List<String> some : List.of(names, Arrays.asList(more))) {
        for (String name : some) {
          byte[] content = name.getBytes(StandardCharsets.UTF_8);
          out.write(header(name, content.length));
          out.write(Arrays.copyOf(content, 512));
        }
      }
      out.write(new byte[1024]);
    }
    return bytes.toByteArray();
  }

  private static byte[] header(String name, int size) {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0000000000\0000000000\000");
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "00000000000");
    header[156] = '0';
    put(header, 257, "ustar\00000");
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  private Releases releases(String... versions) throws Exception {
    StringBuilder entries = new StringBuilder();
    for (String version : versions) {
      entries
          .append(entries.isEmpty() ? "" : ",")
          .append(entry(version, Digest.of(Digest.Algorithm.SHA256, archive).hex()));
    }
    return listed(entries.toString());
  }

  private String entry(String version, String digest) {
    return """
    {"name": "firecracker", "version": "%s", "architecture": "x86_64", "size": %d,
     "url": "http://localhost:%d/%s.tgz", "sha256": "%s"}\
    """
        .formatted(version, archive.length, server.getAddress().getPort(), version, digest);
  }

  private Releases listed(String entries) throws Exception {
    Path catalog =
        Files.writeString(directory.resolve("releases.json"), "{\"releases\": [" + entries + "]}");
    BlobCache blobs = new BlobCache(directory.resolve("blobs"), Clock.systemUTC());
    return new Releases(
        directory.resolve("vmm"),
        Optional.of(catalog),
        () -> new WebContents(blobs, RegistrySettings.defaults(), Map.of()),
        MemoryJournal.journal());
  }

  @Test
  void releasesLieSideBySideTheNewestFirst() throws Exception {
    Releases releases = releases("1.9.2", "1.16.1");
    assertThat(releases.installed()).isEmpty();
    assertThat(releases.pull("", Progress.SILENT)).isEqualTo("1.16.1");
    assertThat(releases.pull("1.9.2", Progress.SILENT)).isEqualTo("1.9.2");
    assertThat(releases.pull("1.9.2", Progress.SILENT)).isEqualTo("1.9.2");
    assertThat(releases.installed())
        .extracting(Releases.Release::version)
        .containsExactly("1.16.1", "1.9.2");
    Path newest = releases.installed().getFirst().directory();
    assertThat(newest.resolve("firecracker")).isExecutable().content().contains("firecracker-v");
    assertThat(newest.resolve("jailer")).isExecutable();
    assertThat(newest.resolve("README")).doesNotExist();
  }

  @Test
  void aContentWithAnotherDigestIsNotInstalled() throws Exception {
    Releases releases = listed(entry("1.16.1", "0".repeat(64)));
    assertThatThrownBy(() -> releases.pull("", Progress.SILENT))
        .isInstanceOf(BangerException.class);
    assertNothingIsLeft(releases);
  }

  @Test
  void anArchiveWithoutAJailerIsNotInstalled() throws Exception {
    archive = archive(List.of("firecracker"));
    Releases releases = releases("1.16.1");
    assertThatThrownBy(() -> releases.pull("", Progress.SILENT))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.reason()).contains("there is no jailer"));
    assertNothingIsLeft(releases);
  }

  private void assertNothingIsLeft(Releases releases) throws Exception {
    assertThat(releases.installed()).isEmpty();
    assertThat(directory.resolve("vmm")).isEmptyDirectory();
  }

  @Test
  void aCatalogThatSaysTooLittleIsRefusedWhole() throws Exception {
    assertThatThrownBy(() -> listed("{\"name\": \"firecracker\"}").known())
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
              assertThat(e.reason()).contains("without");
            });
    assertThatThrownBy(() -> releases("1.16.1").pull("2.0.0", Progress.SILENT))
        .hasMessageContaining("lists no Firecracker 2.0.0");
  }
}
