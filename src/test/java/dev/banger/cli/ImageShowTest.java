package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ImageApi;
import dev.banger.api.SeedApi;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What people see of an image. */
class ImageShowTest {
  private static final ImageApi.Details DETAILS =
      new ImageApi.Details(
          512L << 20,
          30L << 20,
          2L << 20,
          false,
          true,
          List.of(
              new ImageApi.Layer("sha256:aa", 2L << 20, List.of("other:1")),
              new ImageApi.Layer("sha256:bb", 1L << 20, List.of())),
          List.of("'/proc' belongs to the kernel or the agent"));

  @Test
  void costsLayersConfigurationAndUsersAreTold() {
    String text =
        ImageShow.text(
            new ImageApi.View(
                "web:1",
                "0123456789ab",
                "oci",
                "amd64",
                1,
                0,
                null,
                List.of("sh", "-c", "echo a b"),
                List.of("A=1"),
                "/srv",
                "SIGQUIT",
                List.of("80/tcp"),
                List.of("/data"),
                "registry/web@sha256:cc",
                "sha256:cc",
                null,
                new SeedApi.Seed(128 << 20, 1, "directory /home/me", 0, "SHA256:x"),
                List.of("one", "two"),
                true,
                DETAILS));
    assertThat(text.lines().map(line -> line.replaceAll(" +", " ")))
        .contains(
            "reference web:1 (deleted)",
            "provenance registry/web@sha256:cc",
            "command sh -c 'echo a b' (in each VM)",
            "stop signal SIGQUIT",
            "exposes 80/tcp",
            "volume /data",
            "left out volume '/proc' belongs to the kernel or the agent",
            "own size 30M of the host's disk",
            "shared 2M of layers that other images have",
            "layer sha256:aa 2M, also in other:1",
            "layer sha256:bb 1M",
            "work seed 128M of directory /home/me",
            "SSH key SHA256:x of new homes",
            "vm one",
            "vm two")
        .noneMatch(line -> line.startsWith("user") || line.startsWith("kernel"));
  }
}
