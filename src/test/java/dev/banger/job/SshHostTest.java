package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a user of OpenSSH does with VMs; the judges are ssh, scp, sftp, rsync, git and cmp. */
class SshHostTest {
  private static final int MEGABYTES = Boolean.getBoolean("banger.test.long") ? 100 : 20;

  /** F: the configuration; big: many bytes; tree: names and kinds that copies get wrong. */
  private static final String BEGIN =
      """
      set -e; mkdir -p "$BANGER_HOME/work"; cd "$BANGER_HOME/work"; F=$BANGER_HOME/ssh/config
      """;

  private static final String MAKE =
      """
      head -c %d /dev/urandom > big
      mkdir -p "tree/a b"; ln -s nowhere tree/link; echo y > "tree/a b/quote\\"d"; echo x > tree/run; chmod 751 tree/run
      banger ssh-config --json > /dev/null
      """
          .formatted(MEGABYTES << 20);

  /** One program, and it is no shell. */
  private static final String BARE =
      """
      mkdir -p root/bin root/etc root/root
      cp "$(readlink -f "$(command -v busybox)")" root/bin/cat
      mke2fs -q -t ext4 -d root root.ext4 16M > made
      banger image register bare:1 --rootfs root.ext4 > made 2>&1
      banger vm create bare --image bare:1 --start > made 2>&1
      """;

  private static Host host;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
    Files.createDirectories(host.home().resolve("work"));
    host.banger("vm", "create", "web", "--start").ok();
    host.sh(BEGIN + MAKE).ok();
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  private static Host.Result sh(String line) throws Exception {
    return host.sh(BEGIN + line);
  }

  @Test
  void manyBytesGoBothWaysBySftpAndScp() throws Exception {
    Host.Result result =
        sh(
            """
            echo 'put big' | sftp -q -b - -F $F web.vm > echoed
            scp -q -F $F web.vm:big back
            cmp big back; ssh -F $F web.vm sha256sum big | cmp - <(sha256sum big) && echo same
            """);
    assertThat(result.ok().out()).isEqualTo("same\n");
  }

  @Test
  void manyBytesGoThroughForwardedPortsOfBothSides() throws Exception {
    Host.Result result =
        sh(
            """
            serve='use IO::Socket; my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1:7000", Listen => 9) or die;
              $| = 1; print "listens\\n"; my $c = $l->accept; while (sysread($c, my $b, 65536)) { print $c $b }'
            ssh -F $F -L $PWD/there:127.0.0.1:7000 web.vm "perl -e '$serve'" > heard & server=$!
            until grep -q listens heard; do sleep 0.1; done
            socat -t 60 - UNIX:there < big | cmp - big && echo out and back
            wait $server
            socat -u OPEN:big UNIX-LISTEN:here & sender=$!
            ssh -F $F -R 127.0.0.1:7001:$PWD/here web.vm 'bash -c "cat < /dev/tcp/127.0.0.1/7001"' | cmp - big && echo in
            wait $sender
            """);
    assertThat(result.ok().out()).isEqualTo("out and back\nin\n");
  }

  @Test
  void rsyncSendsWhatChangedAndKeepsNamesModesAndLinks() throws Exception {
    Host.Result result =
        sh(
            """
            libraries=$(ldd /usr/bin/rsync | grep -o '/[^ ]*' | sed 's,^/,,')
            tar -C / -ch usr/bin/rsync $libraries | ssh -F $F web.vm 'tar -C / -x --skip-old-files'
            rsync -e "ssh -F $F" -a tree/ web.vm:tree/
            cp -a tree changed; echo more >> "changed/a b/quote\\"d"; rm changed/run
            rsync -e "ssh -F $F" -a --delete --out-format='%o %n' changed/ web.vm:tree/ | grep -v '/$'
            rsync -e "ssh -F $F" -a web.vm:tree/ back.tree/; diff -r --no-dereference changed back.tree && echo same
            """);
    assertThat(result.ok().out()).isEqualTo("del. run\nsend a b/quote\"d\nsame\n");
  }

  @Test
  void gitPushesAndClones() throws Exception {
    Host.Result result =
        sh(
            """
            export GIT_SSH_COMMAND="ssh -F $F" GIT_CONFIG_GLOBAL=/dev/null
            git init -q -b main source; cp -a tree source/; cd source
            git add .; git -c user.name=n -c user.email=a@b commit -qm one
            ssh -F $F web.vm git init -q --bare -b main project.git
            git push -q web.vm:project.git main; cd ..
            git clone -q web.vm:project.git clone; git -C clone fsck --strict
            [ "$(git -C clone rev-parse HEAD)" = "$(git -C source rev-parse HEAD)" ] && git -C clone status --porcelain && echo same
            """);
    assertThat(result.ok().out()).isEqualTo("same\n");
  }

  @Test
  void theGuestsOwnServerIsReachedAlsoWhenItBeginsLate() throws Exception {
    Host.Result result =
        sh(
            """
            libraries=$(ldd /usr/sbin/sshd | grep -o '/[^ ]*' | sed 's,^/,,')
            tar -C / -ch usr/sbin/sshd $libraries | ssh -F $F web.vm 'tar -C / -x --skip-old-files'
            banger vm exec web -- sh -c 'echo sshd:x:105:65534::/run/sshd:/usr/sbin/nologin >> /etc/passwd
              mkdir -p /run/sshd; : > /etc/ssh/sshd_config; ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
              setsid sh -c "sleep 2; /usr/sbin/sshd -E /root/sshd.log" > /dev/null 2>&1 < /dev/null &'
            banger vm ssh --direct web -- 'echo "${SSH_CONNECTION%% *}"; exit 3' || echo $?
            head -c 1000000 big | ssh -F $F web.direct.vm cat | cmp - <(head -c 1000000 big) && echo same
            """);
    assertThat(result.err()).isEmpty();
    assertThat(result.ok().out()).isEqualTo("127.0.0.1\n3\nsame\n");
    assertThat(host.banger("vm", "ssh", "-p", "2", "web").status()).isEqualTo(2);
  }

  @Test
  void bangerVmSshPassesStatusSignalsAndWordsThrough() throws Exception {
    assertThat(host.banger("vm", "ssh", "web", "--", "echo $((6 * 7)) | cat; exit 3"))
        .isEqualTo(new Host.Result(3, "42\n", ""));
    assertThat(host.banger("vm", "ssh", "web", "--", "printf", "[%s]", "it's", "a b").ok().out())
        .isEqualTo("[it's][a b]");
    assertThat(host.banger("vm", "ssh", "web", "--", "kill -KILL $$").status()).isEqualTo(255);
    Host.Result nobody = host.banger("vm", "ssh", "nobody", "--", "true");
    assertThat(nobody.status()).isEqualTo(255);
    assertThat(nobody.err()).contains("nobody");
  }

  @Test
  void aVmThatIsMadeAgainAsksNothingAndAStoppedOneSaysSo() throws Exception {
    Host.Result result =
        sh(
            """
            banger vm create again > made 2>&1
            ssh -F $F again.vm true 2> stopped || grep -c 'again is not running' stopped
            banger vm start again > made 2>&1; ssh -F $F again.vm hostname
            banger vm delete again --force > made 2>&1; banger vm create again --start > made 2>&1
            ssh -F $F again.vm hostname; banger vm delete again --force > made 2>&1
            """);
    assertThat(result.ok().out()).isEqualTo("1\nagain\nagain\n");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void aGuestWithoutAShellCopiesForwardsAndRunsProgramsAndSaysWhatItLacks() throws Exception {
    Host.Result result =
        sh(
            BARE
                + """
                scp -q -F $F big bare.vm:/root/big; scp -q -F $F bare.vm:/root/big bare.back
                cmp big bare.back && echo copied
                ssh -F $F bare.vm cat /root/big | cmp - big && echo run
                ssh -F $F bare.vm 'cat /root/big | cat' 2> lacks || echo $?
                rsync -e "ssh -F $F" tree/run bare.vm:run 2> lacks.rsync || echo rsync
                git ls-remote ssh://bare.vm/x 2> lacks.git || echo git
                cat lacks lacks.rsync
                """);
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).startsWith("copied\nrun\n127\nrsync\n");
    assertThat(result.out()).contains("this guest has no /bin/sh").contains("rsync: ");
  }
}
