package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the homes of an image's VMs begin with. */
@Timeout(600)
class SeedHostTest {
  private static final String IMAGE = "debian:bookworm";

  @Test
  void newHomesBeginAsTheDirectoryAndTheKeyIsTheDaemonsOwn(@TempDir Path directory)
      throws Exception {
    try (Host host = Host.open()) {
      host.sh(
              """
              set -e; mkdir -p '%1$s/home/.ssh' '%1$s/home/work'; cd '%1$s/home'
              echo 'ssh-ed25519 AAAA them' > .ssh/authorized_keys; echo hello > work/note; ln -s work/note link
              echo '#!/bin/sh' > work/run; chmod 755 work/run; chown -R 1234:5678 work; mkfifo pipe
              """
                  .formatted(directory))
          .ok();
      host.banger("vm", "create", "older", "--start").ok();
      Host.Result made = host.banger("image", "seed", IMAGE, "--from", directory + "/home").ok();
      try {
        assertThat(made.err()).contains("left out: 1");
        assertThat(made.out()).contains("128M", directory + "/home", "SHA256:");
        look(host);
        assertThat(host.banger("vm", "exec", "older", "--", "ls", "/root").ok().out()).isEmpty();
        Host.Result small = host.banger("vm", "create", "small", "--image", IMAGE, "--disk", "64M");
        assertThat(small.status()).isEqualTo(1);
        assertThat(small.err()).contains("64", "128", "--disk 128M");
        assertThat(host.banger("vm", "ls", "--all").ok().out()).doesNotContain("small");
        aHomeBecomesASeed(host);
        theFingerprintFollowsTheKey(host);
      } finally {
        host.banger("image", "seed", IMAGE, "--clear").ok();
      }
      assertThat(host.banger("image", "seed", IMAGE).ok().out()).contains("no work seed");
      assertThat(host.banger("vm", "run", "--", "ls", "/root").ok().out()).isEmpty();
      assertThat(host.sh("ls -A $BANGER_HOME/seeds").ok().out()).isEmpty();
    }
  }

  private static void look(Host host) throws Exception {
    String script =
        """
        cat /root/work/note /root/link; stat -c '%n %u:%g %a' /root /root/work /root/work/run
        df -m /root | tail -n 1; grep -c . /root/.ssh/authorized_keys; cat /root/.ssh/authorized_keys
        stat -c %a /root/.banger/docker; grep ' /var/lib/docker ' /proc/mounts; ls /root/lost+found
        """;
    host.banger("vm", "create", "seeded", "--disk", "2G", "--start").ok();
    Host.Result seen = host.banger("vm", "exec", "seeded", "--", "sh", "-c", script);
    assertThat(seen.out())
        .contains("hello\nhello\n", "/root 0:0 700", "/root/work/run 0:0 755")
        .contains("\n1\nssh-ed25519 ") // one line, the daemon's
        .contains(Files.readString(host.home().resolve("ssh/id_ed25519.pub")))
        .doesNotContain("them")
        .containsPattern("/dev/vd\\w +(1[89]|20)\\d\\d "); // grown to 2 GiB
    assertThat(seen.err()).contains("lost+found");
    assertThat(host.sh("ls $BANGER_HOME/seeds/*/work.ext4 | xargs -n1 e2fsck -fn").ok().out())
        .doesNotContain("ERROR");
    assertThat(host.banger("df").ok().out()).contains("seeds");
    assertThat(host.banger("image", "show", IMAGE).ok().out()).contains("work seed", "SHA256:");
  }

  private static void aHomeBecomesASeed(Host host) throws Exception {
    String more =
        "echo changed > /root/work/note; ln /root/work/note /root/same; truncate -s 1G /root/large;"
            + " mkdir -p /root/.banger/mine";
    host.banger("vm", "exec", "seeded", "--", "sh", "-c", more).ok();
    assertThat(host.banger("image", "seed", IMAGE, "--from-vm", "seeded").err())
        .contains("WRONG_STATE", "running");
    host.banger("vm", "stop", "seeded").ok();
    assertThat(host.banger("image", "seed", IMAGE, "--from-vm", "seeded").ok().out())
        .contains("VM seeded (");
    String script =
        "cat /root/same; stat -c %h /root/same; du -k /root/large; ls /root/.banger; cat"
            + " /root/.ssh/authorized_keys";
    assertThat(host.banger("vm", "run", "--", "sh", "-c", script).ok().out())
        .startsWith("changed\n2\n0\t/root/large\ndocker\nssh-ed25519 ");
  }

  /** Another key: what runs is not disturbed, new homes get it, and the record says so. */
  private static void theFingerprintFollowsTheKey(Host host) throws Exception {
    host.sh("banger daemon stop && rm $BANGER_HOME/ssh/id_ed25519*").ok();
    host.banger("vm", "exec", "older", "--", "true").ok();
    host.sh(
            "for i in $(seq 100); do [ -e $BANGER_HOME/ssh/id_ed25519.pub ] && exit 0; sleep 0.1;"
                + " done; exit 1")
        .ok();
    String fingerprint = host.sh("ssh-keygen -lf $BANGER_HOME/ssh/id_ed25519").ok().out();
    assertThat(host.banger("image", "seed", IMAGE).ok().out())
        .contains(fingerprint.split(" ", 3)[1]);
    assertThat(host.banger("vm", "run", "--", "cat", "/root/.ssh/authorized_keys").ok().out())
        .isEqualTo(Files.readString(host.home().resolve("ssh/id_ed25519.pub")));
  }
}
