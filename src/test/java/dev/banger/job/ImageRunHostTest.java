package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Images that umoci made, from Debian's registry, as a user pulls and runs them. */
class ImageRunHostTest {
  private static Host host;
  private static Path work;
  private static Process registry;
  private static int port;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
    work = Files.createTempDirectory("banger-oci-");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path settings = work.resolve("registry.yml");
    Files.writeString(
        settings,
        """
        version: 0.1
        storage: {filesystem: {rootdirectory: %s}}
        http: {addr: 127.0.0.1:%d}
        """
            .formatted(work.resolve("registry"), port));
    registry =
        new ProcessBuilder("docker-registry", "serve", settings.toString())
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("registry.log").toFile())
            .start();
    await().atMost(Duration.ofSeconds(30)).until(ImageRunHostTest::answers);
    sh("umoci init --layout l && umoci new --image l:base");
    sh(
        """
        mkdir -p root/bin root/etc root/tmp
        cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
        for name in sh ls cat echo id env pwd sleep stat; do ln -s busybox root/bin/$name; done
        printf 'root:x:0:0::/root:/bin/sh\\nworker:x:1000:1000::/:/bin/sh\\n' > root/etc/passwd
        printf 'root:x:0:\\nworker:x:1000:\\n' > root/etc/group
        umoci insert --image l:base root /
        """);
  }

  @AfterAll
  static void close() throws Exception {
    registry.destroy();
    assertThat(registry.waitFor(30, TimeUnit.SECONDS)).isTrue();
    host.banger("daemon", "stop").ok();
    // Images and layers are shared with other tests, which need none of these.
    sh(
        "cd '%s' && rm -rf cache/blobs && grep -l ':%d/team/' images/*/image.properties | xargs -r dirname | xargs -r rm -rf"
            .formatted(host.home(), port));
    host.close();
    sh("cd / && rm -rf '" + work + "'");
  }

  private static boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static String sh(String script) throws Exception {
    Process shell = new ProcessBuilder("bash", "-euc", script).directory(work.toFile()).start();
    Host.Result result = Host.await(shell, new byte[0]);
    return result.ok().out();
  }

  /** Pushes an image of the layout and returns what it is called there. */
  private static String push(String tag) throws Exception {
    String name = "localhost:" + port + "/team/" + tag + ":1";
    sh("skopeo copy -q --dest-tls-verify=false oci:l:" + tag + " docker://" + name);
    return name;
  }

  @Test
  void anImageRunsWhatItsConfigSays() throws Exception {
    sh(
        """
        umoci config --image l:base --tag configured --config.user worker --config.workingdir /srv/app \\
          --config.env GREETING=hello --config.entrypoint /bin/sh --config.entrypoint -c \\
          --config.cmd 'echo "$GREETING from $(id -un) in $(pwd), $(stat -c %U:%a .) of $0"'
        """);
    String name = push("configured");
    assertThat(host.banger("vm", "run", "--image", name).ok().out())
        .isEqualTo("hello from worker in /srv/app, root:755 of /bin/sh\n");
    String[] words = {
      "-w", "/new/place", "--image", name, "--", "echo \"$0 $1 in $(pwd)\"", "a", "b"
    };
    assertThat(host.banger(run(words)).ok().out()).isEqualTo("a b in /new/place\n");
    String[] instead = {"--entrypoint", "echo", "--image", name, "--", "other"};
    assertThat(host.banger(run(instead)).ok().out()).isEqualTo("other\n");
    assertThat(host.banger("image", "pull", name).ok().err()).contains(name + " is up to date");
    assertThat(host.banger("image", "show", name).ok().out()).contains("oci", "worker", "sha256:");
  }

  private static String[] run(String... rest) {
    return Stream.concat(Stream.of("vm", "run"), Stream.of(rest)).toArray(String[]::new);
  }

  /** umoci unpacks from the bottom up; what it makes is what the mounted disk has. */
  @Test
  void theDiskIsTheTreeThatUmociUnpacks() throws Exception {
    sh(
        """
        umoci unpack --image l:base b
        cd b/rootfs
        mkdir -p -m 2775 d/sub usr/lib; mkdir -p -m 1777 opaque/x
        ln -s usr/lib lib; echo a > usr/lib/a; echo old > d/old; echo keep > d/keep; echo x > opaque/x/y
        ln d/keep d/twin; ln -s /etc/passwd absolute; ln -s "$(printf 'x/%.0s' $(seq 60))end" long
        mkfifo fifo; mknod null c 1 3; mknod disk b 259 70000
        head -c 3000000 /dev/urandom > random; truncate -s 200M sparse; printf end >> sparse
        chown 100000:3000000 random; chmod 4755 random; touch -d '1969-12-31 12:00:00.123456789Z' random
        setfattr -n user.note -v 'of us' random; setfattr -n user.long -v "$(printf 'v%.0s' $(seq 300))" d/old
        setfacl -m u:7:r,d:u:8:rwx d/sub; setcap cap_net_bind_service=ep random
        for i in $(seq 3000); do echo $i > d/sub/"a file with a name, number $i"; done
        printf 'odd' > "$(printf 'new\\nline \\xff')"
        cd ../..; umoci repack --image l:tree b
        cd b/rootfs
        rm -r d/old opaque; mkdir opaque; echo new > opaque/new; echo b > lib/a; rm disk; mkdir disk
        ln d/keep d/third; chmod 700 d/sub; find d/sub -name '*7' -delete
        cd ../..; umoci repack --refresh-bundle --image l:tree b
        rm -rf b; umoci unpack --image l:tree b
        """);
    String name = push("tree");
    host.banger("image", "pull", name).ok();
    String id =
        sh("grep -l ':" + port + "/team/tree' '" + host.home() + "'/images/*/image.properties")
            .strip();
    Path disk = Path.of(id).resolveSibling("rootfs.ext4");
    sh("e2fsck -fn '" + disk + "'");
    sh(
        """
        mkdir m; mount -o loop,ro,noload '%s' m
        trap 'umount m' EXIT
        list() {
          cd "$1"
          find . -path ./lost+found -prune -o -printf '%%p\\t%%y\\t%%m\\t%%U\\t%%G\\t%%T@\\t%%l\\n' | LC_ALL=C sort
          find . -type f -printf '%%p\\t%%n\\t%%s\\n' | LC_ALL=C sort
          find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
          find . -type b -o -type c | LC_ALL=C sort | xargs stat -c '%%n %%t %%T'
          find . -path ./lost+found -prune -o -print0 | LC_ALL=C sort -z | xargs -0 getfattr -h -d -m - -e hex
        }
        (list m) > ours; (list b/rootfs) > theirs
        diff ours theirs
        """
            .formatted(disk));
  }

  @Test
  void aHundredLayersWithWhiteoutsAreOneTree() throws Exception {
    sh(
        """
        umoci tag --image l:base hundred
        for i in $(seq 0 99); do
          rm -rf s; mkdir -p s/d; echo $i > s/d/f$i; echo $i > s/newest
          [ $i = 0 ] || : > s/d/.wh.f$((i - 1))
          tar -C s -cf s.tar .
          umoci raw add-layer --image l:hundred s.tar
        done
        """);
    String name = push("hundred");
    assertThat(
            host.banger("vm", "run", "--image", name, "--", "sh", "-c", "ls d; cat newest")
                .ok()
                .out())
        .isEqualTo("f99\n99\n");
  }

  @Test
  void aStaticProgramAloneIsAnImage() throws Exception {
    sh(
        """
        echo '#include <unistd.h>' > s.c; echo 'int main(void) { return write(1, "static", 6) != 6; }' >> s.c
        mkdir alone; musl-gcc -static -o alone/program s.c
        umoci new --image l:alone; umoci insert --image l:alone alone/program /program
        umoci config --image l:alone --config.entrypoint /program
        """);
    assertThat(host.banger("vm", "run", "--image", push("alone")).ok().out()).isEqualTo("static");
  }

  @Test
  void aDaemonThatIsKilledInAPullLeavesNothingAndTheNextPullGoesOn() throws Exception {
    sh(
        """
        mkdir large; head -c 150M /dev/urandom > large/random; sha256sum < large/random > large.sum
        umoci tag --image l:base large; umoci insert --image l:large large /large
        """);
    String name = push("large");
    long daemon = host.daemonPid(); // asked now: the pull does not wait for it
    Process pull = host.start("image", "pull", name);
    Path blobs = host.home().resolve("cache/blobs/sha256");
    await().atMost(Duration.ofSeconds(60)).until(() -> partial(blobs) > 20 << 20);
    new ProcessBuilder("kill", "-9", Long.toString(daemon)).start().waitFor();
    assertThat(Host.await(pull, new byte[0]).status()).isNotZero();
    assertThat(host.banger("image", "ls").ok().out()).doesNotContain("team/large");
    long before = partial(blobs);
    assertThat(before).isPositive();
    assertThat(
            host.banger("vm", "run", "--image", name, "--", "busybox", "sha256sum", "/large/random")
                .ok()
                .out())
        .startsWith(sh("cut -c1-64 large.sum").strip());
    assertThat(Files.readString(work.resolve("registry.log"))).contains(" 206 ");
    assertThat(partial(blobs)).isZero();
  }

  private static long partial(Path blobs) throws IOException {
    if (!Files.isDirectory(blobs)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(blobs)) {
      return files
          .filter(file -> file.toString().endsWith(".partial"))
          .mapToLong(file -> file.toFile().length())
          .max()
          .orElse(0);
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void twoHundredThousandFilesAndALargeHoleAreAllThere() throws Exception {
    sh(
        """
        mkdir many; cd many
        for d in $(seq 200); do mkdir $d; for f in $(seq 1000); do echo $f > $d/$f; done; done
        truncate -s 2G hole; printf end >> hole
        cd ..; tar -cf many.tar many; rm -rf many
        umoci tag --image l:base many; umoci raw add-layer --image l:many many.tar; rm many.tar
        """);
    String script = "busybox find /many -type f | busybox wc -l; busybox tail -c 3 /many/hole";
    assertThat(
            host.banger("vm", "run", "--image", push("many"), "--", "sh", "-c", script).ok().out())
        .isEqualTo("200001\nend");
  }

  /** A whole machine as one layer: what the host's packages made, through a registry. */
  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void aWholeDebianComesThroughARegistryAndBootsItsOwnInit() throws Exception {
    host.banger("vm", "run", "--image", "debian:bookworm", "--", "true").ok();
    String shown = host.banger("image", "show", "debian:bookworm", "--json").ok().out();
    String id = shown.replaceAll("(?s).*\"id\"\\s*:\\s*\"([0-9a-f]{12})\".*", "$1");
    sh(
        """
        mkdir debian; mount -o loop,ro,noload '%s/images/%s/rootfs.ext4' debian
        trap 'umount debian' EXIT
        tar -C debian --xattrs --xattrs-include='*' --acls --numeric-owner -cf debian.tar .
        umoci new --image l:debian; umoci raw add-layer --image l:debian debian.tar; rm debian.tar
        umoci config --image l:debian --config.cmd /bin/bash
        """
            .formatted(host.home(), id));
    String name = push("debian");
    String script = ". /etc/os-release; echo $ID $VERSION_CODENAME; dpkg -s systemd | grep Status";
    assertThat(host.banger("vm", "run", "--image", name, "--", "sh", "-c", script).ok().out())
        .isEqualTo("debian bookworm\nStatus: install ok installed\n");
    host.banger("vm", "create", "whole", "--image", name, "--init-mode", "system").ok();
    host.banger("vm", "start", "whole", "--wait-system").ok();
    Host.Result system =
        host.banger("vm", "exec", "whole", "--", "systemctl", "is-system-running", "--wait");
    assertThat(system.out()).isEqualTo("running\n");
    host.banger("vm", "delete", "--force", "whole").ok();
  }
}
