package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A root file system that the user made becomes an image and boots. */
class LocalImageHostTest {
  @Test
  void aKernelOfFilesOfThisHostBootsWithItsModulesAndAnInitrd(@TempDir Path directory)
      throws Exception {
    try (Host host = Host.open()) {
      host.sh(
              """
              set -e; cd '%s'; kernel=$(ls -d "$BANGER_HOME"/kernels/*-cloud-amd64-* | head -n 1)
              mkdir modules early; debugfs -R "rdump / modules" "$kernel/modules.ext4" 2> rdump.log
              echo early > early/note; (cd early; echo note | cpio -o -H newc --quiet) > early.cpio
              cp "$kernel/vmlinuz" ours
              mkdir root root/bin; cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
              for name in sh uname ls; do ln -s busybox root/bin/$name; done
              mke2fs -q -t ext4 -d root root.ext4 32M
              """
                  .formatted(directory))
          .ok();
      Host.Result none = host.banger("kernel", "register", "" + directory.resolve("root.ext4"));
      assertThat(none.err()).contains("INVALID", "no kernel that VMs here can boot", "HdrS");
      Host.Result noInitrd =
          host.sh("cd '%s' && banger kernel register ours --initrd ours".formatted(directory));
      assertThat(noInitrd.err()).contains("INVALID", "is no initrd");
      Host.Result noModules =
          host.sh("cd '%s' && banger kernel register ours --modules early".formatted(directory));
      assertThat(noModules.err()).contains("INVALID", "no directory of a kernel's modules");
      Host.Result alone = host.banger("kernel", "register", "" + directory.resolve("ours"));
      assertThat(alone.err()).contains("INVALID", "virtio_blk", "virtio_console", "--modules");
      assertThat(alone.err()).doesNotContain("ext4");
      String kernels = host.banger("kernel", "ls").ok().out();
      assertThat(kernels.lines()).hasSize(2);
      host.sh(
              "cd '%s' && banger image register ours:1 --rootfs root.ext4 --kernel ./ours"
                      .formatted(directory)
                  + " --modules modules --initrd early.cpio")
          .ok();
      String id =
          host.sh(
                  "banger kernel ls | grep -o '^[^ ]*' | grep -vxF '%s'"
                          .formatted(
                              kernels.lines().skip(1).findFirst().orElseThrow().split(" ", 2)[0])
                      + " | tail -n 1")
              .ok()
              .out()
              .strip();
      try {
        Host.Result run =
            host.banger(
                "vm",
                "run",
                "--image",
                "ours:1",
                "--",
                "sh",
                "-c",
                "uname -r; ls /lib/modules/$(uname -r)/modules.dep");
        assertThat(run.ok().out()).contains("cloud-amd64\n", "/modules.dep");
        assertThat(host.banger("image", "show", "ours:1").ok().out()).contains(id);
      } finally {
        host.banger("image", "delete", "ours:1").ok();
        host.banger("kernel", "delete", id).ok();
      }
      assertThat(host.banger("kernel", "ls").ok().out().lines()).hasSize(2);
    }
  }

  @Test
  void aRegisteredRootFileSystemBootsWithItsKernel(@TempDir Path directory) throws Exception {
    try (Host host = Host.open()) {
      host.sh(
              """
              set -e; cd '%s'
              mkdir -p root/bin root/tmp
              cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
              for name in sh uname cat; do ln -s busybox root/bin/$name; done
              echo of us > root/note
              mke2fs -q -t ext4 -d root root.ext4 32M
              sha256sum root.ext4 > sum
              """
                  .formatted(directory))
          .ok();
      Path file = directory.resolve("root.ext4");
      String device = host.sh("losetup --find --show -r '" + file + "'").ok().out().strip();
      Host.Result attached = host.banger("image", "register", "local:1", "--rootfs", "" + file);
      host.sh("losetup -d " + device).ok();
      assertThat(attached.status()).isEqualTo(1);
      assertThat(attached.err()).contains(device, "IN_USE");

      String release = host.sh("banger kernel ls | awk 'NR == 2 { print $1 }'").ok().out().strip();
      host.sh(
              "cd '%s' && banger image register local:1 --rootfs root.ext4 --kernel %s"
                  .formatted(directory, release))
          .ok();
      try {
        assertThat(host.banger("image", "show", "local:1").ok().out())
            .contains(
                "file:" + file,
                release,
                Files.readString(directory.resolve("sum")).substring(0, 64));
        assertThat(host.banger("vm", "run", "--image", "local:1", "--", "cat", "/note").ok().out())
            .isEqualTo("of us\n");
        Host.Result used = host.banger("kernel", "delete", release);
        assertThat(used.err()).contains("IN_USE", "image local:1");
        host.banger("vm", "create", "holder", "--image", "local:1").ok();
        assertThat(host.banger("image", "delete", "local:1").err()).contains("IN_USE", "holder");
        assertThat(host.banger("image", "prune").ok().out()).doesNotContain("local:1");
        host.banger("vm", "delete", "holder").ok();
        assertThat(host.banger("df").ok().out())
            .contains("KIND", "images", "kernels", "templates", "image prune --all");
        assertThat(host.banger("df", "--verbose").ok().out()).contains("local:1 (", release);
      } finally {
        host.banger("image", "delete", "local:1").ok();
      }
      host.sh("cd '" + directory + "' && sha256sum --check sum").ok();
    }
  }
}
