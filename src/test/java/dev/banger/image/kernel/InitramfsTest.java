package dev.banger.image.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
  private static final Tool CPIO = new Tool("cpio", "cpio");
  private static final InitramfsFlavour FLAVOUR = InitramfsFlavour.QEMU_MICROVM;

  @TempDir Path temporary;
  private final Binaries binaries = Binaries.ofPath();
  private Path agent;
  private Path cache;
  private Kernel kernel;
  private Initramfs initramfs;

  @BeforeEach
  void aKernelWithTwoModules() throws Exception {
    agent = Files.writeString(temporary.resolve("agent"), "the agent");
    cache = temporary.resolve("cache");
    kernel =
        new Kernel(
            "6.1-abc", "6.1", "amd64", "abc", "test", Instant.EPOCH, new UUID(0, 0), temporary);
    Files.createDirectories(kernel.bootModules());
    Files.writeString(kernel.bootModules().resolve("one.ko"), "module one");
    Files.writeString(kernel.bootModules().resolve("two.ko"), "module two!");
    Files.writeString(temporary.resolve(FLAVOUR.orderFile()), "two\none\n");
    initramfs = new Initramfs(cache, agent, Clock.systemUTC());
  }

  @Test
  void cpioUnpacksWhatTheKernelWillSee() throws Exception {
    Assumptions.assumeTrue(binaries.lookup(CPIO).isPresent(), "cpio is not installed");
    Path archive = initramfs.of(kernel, FLAVOUR);
    try (var input = Files.newInputStream(archive)) {
      String listing = Command.of(binaries, CPIO, "-tv").input(input).run().output();
      assertThat(listing)
          .containsPattern("-rwxr-xr-x +1 root +root +9 .* init\n")
          .containsPattern("crw------- +1 root +root +5, +1 .* dev/console\n")
          .containsPattern("drwxr-xr-x .* proc\n");
    }
    Path unpacked = Files.createDirectory(temporary.resolve("unpacked"));
    try (var input = Files.newInputStream(archive)) {
      Command.of(binaries, CPIO, "-id", "init", "modules/*")
          .directory(unpacked)
          .input(input)
          .run()
          .orThrow(dev.banger.model.ErrorCode.INTERNAL, "cannot unpack", "");
    }
    assertThat(unpacked.resolve("init")).hasContent("the agent").isExecutable();
    assertThat(unpacked.resolve("modules/order")).hasContent("/modules/two.ko\n/modules/one.ko");
    assertThat(unpacked.resolve("modules/two.ko")).hasContent("module two!");
  }

  @Test
  void anotherInitrdComesBeforeOurs() throws Exception {
    Assumptions.assumeTrue(binaries.lookup(CPIO).isPresent(), "cpio is not installed");
    byte[] ours = Files.readAllBytes(initramfs.of(kernel, FLAVOUR));
    Files.write(
        kernel.initrd(), "\u001f\u008b of any length".getBytes(StandardCharsets.ISO_8859_1));
    // An initrd is part of a kernel's digest.
    Kernel other =
        new Kernel(
            "6.1-abd", "6.1", "amd64", "abd", "test", Instant.EPOCH, new UUID(0, 0), temporary);
    byte[] both = Files.readAllBytes(initramfs.of(other, FLAVOUR));
    int length = Math.ceilDiv((int) Files.size(kernel.initrd()), 4) * 4;
    assertThat(both).startsWith(Files.readAllBytes(kernel.initrd())).endsWith(ours);
    assertThat(both).hasSize(length + ours.length);
  }

  @Test
  void isMadeOnceForTheSameContent() throws Exception {
    Path archive = initramfs.of(kernel, FLAVOUR);
    FileTime before = (FileTime) Files.getAttribute(archive, "unix:ctime");
    Object inode = Files.getAttribute(archive, "unix:ino");
    assertThat(initramfs.of(kernel, FLAVOUR)).isEqualTo(archive);
    assertThat(Files.getAttribute(archive, "unix:ino")).isEqualTo(inode);
    assertThat(before).isNotNull();
  }

  @Test
  void changedAgentMakesANewOne() throws Exception {
    Path archive = initramfs.of(kernel, FLAVOUR);
    Files.writeString(agent, "the next agent");
    assertThat(initramfs.of(kernel, FLAVOUR)).isNotEqualTo(archive).exists();
  }

  @Test
  void unusedOnesGoAfterAMonth() throws Exception {
    Path archive = initramfs.of(kernel, FLAVOUR);
    Files.setLastModifiedTime(archive, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
    Files.writeString(agent, "the next agent");
    Path next = initramfs.of(kernel, FLAVOUR);
    assertThat(archive).doesNotExist();
    assertThat(next).exists();
  }

  @Test
  void onesThatAreBeingWrittenStay() throws Exception {
    Files.createDirectories(cache);
    Path beingWritten = Files.writeString(cache.resolve(".new-1"), "half");
    Files.setLastModifiedTime(beingWritten, FileTime.from(Instant.EPOCH));
    Files.createSymbolicLink(cache.resolve("vanished.cpio"), Path.of("gone"));
    assertThat(initramfs.of(kernel, FLAVOUR)).exists();
    assertThat(beingWritten).exists();
  }

  @Test
  void missingAgentIsAnErrorThatSaysHowToBuildIt() throws Exception {
    Files.delete(agent);
    assertThatThrownBy(() -> initramfs.of(kernel, FLAVOUR))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.hint()).contains("make -C guest"));
    assertThat(cache).doesNotExist();
  }
}
