package dev.banger.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import dev.banger.ffm.FileCalls;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BundleTest {
  @TempDir Path directory;

  private Path file(String name, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return Files.write(directory.resolve(name), bytes);
  }

  private byte[] bundle(List<BundleFile> files) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BundleWriter.write(files, out, written -> {});
    return out.toByteArray();
  }

  private BundleReader.Places places(String name) throws IOException {
    Path into = Files.createDirectory(directory.resolve(name));
    return new BundleReader.Places(
        into.resolve("image"),
        into.resolve("root"),
        into.resolve("seed"),
        Files.createDirectory(into.resolve("kernel")));
  }

  /** A sparse file with something at its beginning and in its middle. */
  private Path sparse(long size) throws IOException {
    Path file = directory.resolve("sparse");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(size);
      disk.write("begin".getBytes(StandardCharsets.UTF_8));
      disk.seek(size / 2);
      disk.write("middle".getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  @Test
  void whatIsPackedIsUnpackedAndHolesStayHoles() throws Exception {
    Path image = file("properties", 300);
    Path kernel = file("vmlinux", 70_000);
    Path module = file("overlay", 4096);
    Path root = sparse(64 << 20);
    byte[] bundle =
        bundle(
            List.of(
                new BundleFile(BundleFile.IMAGE, image),
                new BundleFile(BundleFile.ROOT, root),
                new BundleFile(BundleFile.KERNEL + "vmlinux", kernel),
                new BundleFile(BundleFile.KERNEL + "boot-modules/overlay.ko", module)));
    assertThat(bundle.length).isLessThan(200_000);
    BundleReader.Places places = places("a");
    assertThat(BundleReader.unpack(new ByteArrayInputStream(bundle), places, written -> {}))
        .isTrue();
    assertThat(Files.mismatch(image, places.image())).isEqualTo(-1);
    assertThat(Files.mismatch(root, places.root())).isEqualTo(-1);
    assertThat(FileCalls.allocated(places.root())).isLessThan(64 << 10);
    assertThat(Files.mismatch(kernel, places.kernel().resolve("vmlinux"))).isEqualTo(-1);
    assertThat(Files.mismatch(module, places.kernel().resolve("boot-modules/overlay.ko")))
        .isEqualTo(-1);
  }

  @Test
  void gnuTarReadsItAndTheSameFilesMakeTheSameBytes() throws Exception {
    List<BundleFile> files =
        List.of(
            new BundleFile(BundleFile.IMAGE, file("properties", 511)),
            new BundleFile(BundleFile.ROOT, sparse(16 << 20)));
    Path bundle = directory.resolve("bundle");
    try (OutputStream out = Files.newOutputStream(bundle)) {
      BundleWriter.write(files, out, 1 << 20, written -> {});
    }
    Process tar = new ProcessBuilder("tar", "-tvf", "-").redirectErrorStream(true).start();
    try (InputStream in = new ZstdInputStream(Files.newInputStream(bundle));
        OutputStream to = tar.getOutputStream()) {
      in.transferTo(to);
    }
    String listed = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(tar.waitFor()).as(listed).isZero();
    assertThat(listed.lines()).hasSize(2);
    assertThat(listed)
        .contains(" 511 1970-01-01", "image.properties", (16 << 20) + " 1970", "rootfs.ext4");
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    BundleWriter.write(files, again, 1 << 20, written -> {});
    assertThat(again.toByteArray()).isEqualTo(Files.readAllBytes(bundle));
  }

  /** A bundle as a shell makes it in an empty directory. */
  private byte[] made(String script) throws Exception {
    Path work = Files.createTempDirectory(directory, "made");
    Process shell =
        new ProcessBuilder(
                "sh", "-ec", "echo a > image.properties; echo b > rootfs.ext4; " + script)
            .directory(work.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    byte[] tar = shell.getInputStream().readAllBytes();
    assertThat(shell.waitFor()).isZero();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
      zstd.write(tar);
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tar -c image.properties rootfs.ext4 --transform s,image.properties,../x,",
        "tar -cP image.properties rootfs.ext4 --transform s,rootfs.ext4,/tmp/x,",
        "mkdir kernel; echo > kernel/..x; tar -c image.properties rootfs.ext4 kernel/..x",
        "mkdir -p kernel/a/b; echo > kernel/a/b/c; tar -c image.properties rootfs.ext4 kernel/a/b/c",
        "mkdir kernel; tar -c image.properties rootfs.ext4 kernel",
        "mkdir kernel; ln -s /etc kernel/boot-modules; tar -c image.properties rootfs.ext4 kernel/boot-modules",
        "ln image.properties hard; tar -c image.properties rootfs.ext4 hard --transform s,hard,kernel/x,",
        "rm rootfs.ext4; mkfifo rootfs.ext4; tar -c image.properties rootfs.ext4",
        "tar -c image.properties rootfs.ext4 rootfs.ext4",
        "tar -c image.properties",
        "tar -c rootfs.ext4",
        "head -c 2000000 /dev/zero > image.properties; tar -c image.properties rootfs.ext4",
        "tar -c image.properties rootfs.ext4 | head -c 1300",
        "echo this is no tar",
      })
  void whatABundleDoesNotHoldIsRefused(String script) throws Exception {
    byte[] bundle = made(script);
    BundleReader.Places places = places("refused");
    assertThatThrownBy(
            () -> BundleReader.unpack(new ByteArrayInputStream(bundle), places, written -> {}))
        .hasMessageStartingWith("cannot use this bundle");
    List<String> names = new ArrayList<>();
    try (var all = Files.walk(directory.resolve("refused"))) {
      all.filter(Files::isRegularFile).forEach(f -> names.add(f.getFileName().toString()));
    }
    assertThat(names).isSubsetOf("image", "root");
  }
}
