package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A VM's disk becomes an image; judged by e2fsck, debugfs, and a VM of the new image. */
@Timeout(900)
class PromoteHostTest {
  /** Files of every kind, over the image's own; by perl, for what no program of the image can. */
  private static final String CHANGES =
      """
      set -e
      rm -rf /usr/share/doc /etc/issue /var/lib/misc
      mkdir /usr/share/doc && echo new > /usr/share/doc/new
      mkdir -p /opt/a/deep && cd /opt/a
      echo one > one; ln one two; ln -s ../a/one link; touch .wh.one
      truncate -s 3G sparse; echo middle | dd of=sparse bs=1 seek=2000000123 conv=notrunc status=none
      truncate -s 1M hollow; mkfifo fifo; mknod device b 7 8; mknod null c 1 3
      chmod 4751 one; chown 70000:3000000000 deep; chmod 1777 deep
      mkdir "$(printf 'a\\nb\\377')"
      head -c 3000000 /dev/urandom > noise
      perl -e '
        sub set { my ($file, $name, $value) = @_; syscall(188, $file, $name, $value, length($value), 0) == 0 or die "$name: $!" }
        set("noise", "user.note", "kept");
        set("noise", "security.capability", pack("H*", "0100000200040000" . "00" x 12));
        set("deep", "system.posix_acl_access",
            pack("H*", "02000000" . "01000700ffffffff" . "0200050039300000" . "04000700ffffffff"
              . "10000700ffffffff" . "20000700ffffffff"));'
      touch -h -d '2001-02-03 04:05:06.123456789' link; touch -d '1960-01-01 00:00:00.5' hollow
      """;

  /** A root file system of one program. */
  private static final String SMALL =
      """
      set -e; cd "$0"
      mkdir -p root/bin root/etc root/home/me root/opt root/tmp root/var/log
      cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
      for name in sh cat echo mkdir sync; do ln -s busybox root/bin/$name; done
      echo 0123456789abcdef0123456789abcdef > root/etc/machine-id
      mke2fs -q -t ext4 -d root root.ext4 32M
      banger image register small:1 --rootfs root.ext4
      """;

  private static final String SECRETS =
      """
      set -e
      mkdir -p /home/me/.ssh && echo secret > /home/me/.ssh/id_ed25519
      echo command > /home/me/.bash_history; echo kept > /home/me/kept
      mkdir -p /etc/ssh && echo host > /etc/ssh/ssh_host_ed25519_key && echo log > /var/log/some.log
      echo late > /opt/late; sync
      """;

  /** What a boot writes is left out, and directories' times that it changes. */
  private static final String MANIFEST =
      """
      cd /
      find . -xdev \\( -path ./etc/hostname -o -path ./etc/hosts -o -path ./etc/machine-id \
        -o -path ./etc/resolv.conf \\) -prune -o \\( -type d -printf '%p d %m %U %G\\n' \\) \
        -o -printf '%p %y %m %U %G %s %T@ %n %l\\n' | LC_ALL=C sort
      find opt etc/apt usr/sbin -xdev -type f ! -name sparse | LC_ALL=C sort | xargs -d '\\n' sha256sum
      perl -e '
        for (["noise", "user.note"], ["noise", "security.capability"], ["deep", "system.posix_acl_access"]) {
          my ($path, $name, $value) = ("/opt/a/$_->[0]", $_->[1], "\\0" x 256);
          my $length = syscall(191, $path, $name, $value, 256);
          print "$path $name ", unpack("H*", substr($value, 0, $length)), "\\n";
        }'
      stat -c '%n %t:%T' /opt/a/device /opt/a/null; du -k /opt/a/sparse | sed 's/\\t.*//' | grep -qx '[0-9]\\{1,2\\}' && echo sparse
      tail -c +2000000124 /opt/a/sparse | head -c 6
      """;

  /** When each VM's disks were written to last, and what they take. */
  private static String written(Host host) throws Exception {
    return host.sh("cd $BANGER_HOME/vms && stat -c '%n %y %b' */*.ext4").ok().out();
  }

  private static Path disk(Host host, String image) throws Exception {
    String id =
        host.sh("banger image ls | awk '$1 == \"%s\" { print $2 }'".formatted(image)).ok().out();
    return host.home().resolve("images").resolve(id.strip()).resolve("rootfs.ext4");
  }

  private static String debugfs(Host host, Path disk, String request) throws Exception {
    return host.sh("debugfs -R '%s' '%s' 2>&1".formatted(request, disk)).ok().out();
  }

  @Test
  void thePromotedImageIsTheVmsDisk() throws Exception {
    try (Host host = Host.open()) {
      host.banger("vm", "create", "web", "--init-mode", "agent", "--start").ok();
      host.banger("vm", "exec", "web", "--", "sh", "-c", CHANGES).ok();
      String before = host.banger("vm", "exec", "web", "--", "sh", "-c", MANIFEST).ok().out();
      assertThat(before).contains("user.note 6b657074", "sparse", "middle", "device 7:8");
      Host.Result running = host.banger("image", "promote", "web", "mine:1");
      assertThat(running.status()).isEqualTo(1);
      assertThat(running.err()).contains("running", "banger vm stop web");
      host.banger("vm", "stop", "web").ok();
      String own = written(host);
      try {
        host.banger("image", "promote", "web", "mine:1").ok();
        Path disk = disk(host, "mine:1");
        host.sh("e2fsck -fn '" + disk + "'").ok();
        assertThat(host.banger("image", "show", "mine:1").ok().out())
            .contains("vm:web (", "of debian:bookworm (", "@sha256:")
            .doesNotContain("e3b0c442"); // of nothing
        assertThat(written(host)).isEqualTo(own);
        host.banger("vm", "create", "copy", "--image", "mine:1", "--init-mode", "agent", "--start")
            .ok();
        assertThat(host.banger("vm", "exec", "copy", "--", "sh", "-c", MANIFEST).ok().out())
            .isEqualTo(before);
        host.banger("vm", "delete", "--force", "copy").ok();
        host.banger("vm", "start", "web").ok(); // it is as it was
      } finally {
        host.sh("banger vm delete --force copy; banger image delete mine:1");
      }
    }
  }

  /** Its journal is replayed in a copy; its own disk stays as the crash left it. */
  private static void aKilledOneIsPromotedScrubbed(Host host) throws Exception {
    host.banger("vm", "create", "web", "--image", "small:1", "--start").ok();
    host.banger("vm", "exec", "web", "--", "sh", "-c", SECRETS).ok();
    host.banger("vm", "kill", "web").ok();
    String own = written(host);
    host.banger("image", "promote", "web", "mine:2", "--scrub").ok();
    assertThat(written(host)).isEqualTo(own);
    Path disk = disk(host, "mine:2");
    host.sh("e2fsck -fn '" + disk + "'").ok();
    assertThat(debugfs(host, disk, "cat /opt/late")).contains("late");
    assertThat(debugfs(host, disk, "stat /etc/machine-id")).contains("Size: 0");
    assertThat(debugfs(host, disk, "stat /var/log/some.log")).contains("Size: 0");
    assertThat(debugfs(host, disk, "ls -p /home/me")).contains("/kept/").doesNotContain("_history");
    for (String gone : List.of("/home/me/.ssh/id_ed25519", "/etc/ssh/ssh_host_ed25519_key")) {
      assertThat(debugfs(host, disk, "stat " + gone)).contains("not found");
    }
    assertThat(host.banger("image", "show", "mine:2").ok().out()).contains(", scrubbed");
    host.banger("vm", "run", "--image", "mine:2", "--", "cat", "/opt/late").ok();
  }

  @Test
  void aVmThatWasNeverStartedIsItsImageAndBadWishesChangeNothing(@TempDir Path directory)
      throws Exception {
    try (Host host = Host.open()) {
      Host.await(host.shell(List.of("bash", "-c", SMALL, directory.toString())), new byte[0]).ok();
      host.banger("vm", "create", "new", "--image", "small:1").ok();
      Host.Result name = host.banger("image", "promote", "new", "deb:mine");
      assertThat(name.status()).isEqualTo(1);
      assertThat(name.err()).contains("INVALID", "NAME:TAG");
      assertThat(host.banger("image", "promote", "nobody", "mine:3").err()).contains("NOT_FOUND");
      assertThat(host.banger("image", "promote", "new").status()).isEqualTo(2);
      Host.Result home = host.banger("image", "seed", "debian:bookworm", "--from-vm", "new");
      assertThat(home.err()).contains("WRONG_STATE", "never started");
      try {
        Process promotion = host.start("image", "promote", "new", "mine:3");
        host.sh(
                "for i in $(seq 4000); do grep -qs 'mode=AGENT' $BANGER_HOME/log/daemon.log"
                    + " && exec kill -INT "
                    + promotion.pid()
                    + "; sleep 0.01; done; exit 1")
            .ok();
        assertThat(Host.await(promotion, new byte[0]).status()).isNotZero();
        assertThat(host.runtimeFiles()).noneMatch(file -> file.startsWith("vm/"));
        assertThat(host.banger("image", "ls").ok().out()).doesNotContain("mine:3");
        assertThat(host.sh("ls -A $BANGER_HOME/images/").ok().out()).doesNotContain(".new-");
        aKilledOneIsPromotedScrubbed(host);
        host.banger("image", "promote", "new", "mine:3").ok();
        assertThat(host.banger("vm", "run", "--image", "mine:3", "--", "echo", "up").ok().out())
            .isEqualTo("up\n");
      } finally {
        host.sh(
            "banger vm delete --force new web; for i in mine:3 mine:2 small:1; do banger image delete $i; done");
      }
    }
  }
}
