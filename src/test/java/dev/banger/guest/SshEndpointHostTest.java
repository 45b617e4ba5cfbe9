package dev.banger.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.guest.ssh.ClientFiles;
import dev.banger.guest.ssh.GuestServer;
import dev.banger.guest.ssh.SshEndpoint;
import dev.banger.guest.ssh.SshTarget;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge is OpenSSH; the guest is the real agent as an ordinary process, with no VM around. */
class SshEndpointHostTest {
  @TempDir private Path dir;
  private AgentProcess agent;
  private Guest guest;
  private SshEndpoint endpoint;
  private ServerSocketChannel door;
  private final List<String> agentKeys = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    agent = AgentProcess.start();
    guest = agent.configure(Map.of("FROM_IMAGE", "1"));
    endpoint = new SshEndpoint(dir.resolve("ssh"));
    Path socket = dir.resolve("door");
    door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    door.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
    new ClientFiles(endpoint.keys(), List.of("sh", "-c", "exec socat STDIO UNIX-CONNECT:" + socket))
        .write();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = door.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException _) {
      // The test is over.
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      endpoint.serve(
          new SshTarget(
              new VmId("a1b2c3d4e5f6"), "web", guest, "", Map.of(), List.copyOf(agentKeys)),
          Channels.newInputStream(client),
          Channels.newOutputStream(client));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void close() throws Exception {
    door.close();
    endpoint.close();
    guest.close();
    agent.stop();
  }

  private record Result(int status, String out, String err) {}

  /** A line for bash in which $SSH is ssh with our configuration. */
  private Result sh(String line) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("timeout", "50", "bash", "-c", line).directory(dir.toFile());
    builder.environment().put("F", dir.resolve("ssh/config").toString());
    Process process = builder.start();
    CompletableFuture<String> out = CompletableFuture.supplyAsync(() -> all(process, true));
    CompletableFuture<String> err = CompletableFuture.supplyAsync(() -> all(process, false));
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(line).isTrue();
    return new Result(process.exitValue(), out.get(), err.get());
  }

  private static String all(Process process, boolean out) {
    try {
      return new String(
          (out ? process.getInputStream() : process.getErrorStream()).readAllBytes(),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aServerOfTheGuestsOwnIsMissedInBoundedTimeAndFoundWhenItBeginsLate() throws Exception {
    int port = freePort();
    assertThatThrownBy(() -> GuestServer.dial(guest, "web", port, Duration.ofMillis(300)))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE))
        .hasMessageContaining("web's own listens on its port " + port);
    FutureTask<GuestServer> dialled =
        new FutureTask<>(() -> GuestServer.dial(guest, "web", port, Duration.ofSeconds(30)));
    Thread.ofVirtual().start(dialled);
    try (ServerSocket late = new ServerSocket(port)) {
      GuestServer server = dialled.get(30, TimeUnit.SECONDS);
      Thread.ofVirtual().start(() -> echo(late));
      ByteArrayOutputStream heard = new ByteArrayOutputStream();
      server.join(new ByteArrayInputStream(new byte[300_000]), heard);
      assertThat(heard.toByteArray()).hasSize(300_000);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  @Test
  void commandsEndAsTheyDoAtHomeAndNobodyIsAskedAboutKeys() throws Exception {
    Result result =
        sh("LANG=x ssh -F $F -o SendEnv=LANG web.vm 'echo $LANG; echo $1 no >&2; exit 7'");
    assertThat(result).isEqualTo(new Result(7, "x\n", "no\n"));
    assertThat(sh("printf abc | ssh -F $F web.vm 'cat; exit 0'").out()).isEqualTo("abc");
    assertThat(sh("ssh -F $F web.vm 'kill -TERM $$'").status()).isEqualTo(255);
    assertThat(sh("ssh -F $F web.vm 'exec >&- 2>&-; exit 3' < /dev/null").status()).isEqualTo(3);
    assertThat(sh("ssh -F $F nobody-here@web.vm 'echo in'").out()).isEqualTo("in\n");
    assertThat(sh("ssh -F $F web.vm /no/such/program").status()).isEqualTo(127);
  }

  @Test
  void whoHasAnotherKeyIsNotLetInAndWhoseHostKeyIsNotOursIsNotTrusted() throws Exception {
    assertThat(sh("ssh-keygen -q -t ed25519 -N '' -f other").status()).isZero();
    Result stranger =
        sh("sed \"s|^  IdentityFile.*|  IdentityFile $PWD/other|\" $F > c; ssh -F c web.vm true");
    assertThat(stranger.status()).isEqualTo(255);
    assertThat(stranger.err()).contains("Permission denied (publickey)");
    Result impostor =
        sh(
            "sed \"s|^  UserKnownHostsFile.*|  UserKnownHostsFile /dev/null|\" $F > c;"
                + " ssh -F c web.vm true");
    assertThat(impostor.status()).isEqualTo(255);
    assertThat(impostor.err()).contains("Host key verification failed");
  }

  @Test
  void aTerminalHasItsSizeAndSeesAnother() throws Exception {
    Path script =
        Files.writeString(
            dir.resolve("talk"),
            """
            set timeout 20
            set stty_init "rows 30 columns 100"
            spawn ssh -F $env(F) -t web.vm sh
            expect -re {[#$] $}
            send "stty size\\r"
            expect "30 100" {} timeout { exit 98 }
            exec stty rows 20 columns 80 < $spawn_out(slave,name)
            send "while \\[ \\"`stty size`\\"  != '20 80' \\]; do sleep 0.05; done; echo re''sized\\r"
            expect "resized" {} timeout { exit 97 }
            send "exit 5\\r"
            expect eof {} timeout { exit 96 }
            exit [lindex [wait] 3]
            """);
    Result result = sh("expect -f " + script);
    assertThat(result.status()).as(result.out()).isEqualTo(5);
  }

  @Test
  void filesGoBothWaysBySftpAndScpAndTenAtOnce() throws Exception {
    Result result =
        sh(
            "head -c 30000000 /dev/urandom > big && mkdir to"
                + " && scp -q -F $F big web.vm:$PWD/to/one && cmp big to/one"
                + " && echo \"get $PWD/to/one two\" | sftp -q -b - -F $F web.vm && cmp big two"
                + " && for i in 0 1 2 3 4 5 6 7 8 9; do"
                + "  (ssh -F $F web.vm \"head -c 1000000 $PWD/big\" | cksum > sum$i) & done; wait;"
                + " cat sum* | sort -u | wc -l");
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).endsWith("1\n");
  }

  @Test
  void portsAndSocketsAreForwardedInBothDirections() throws Exception {
    try (ServerSocket here = new ServerSocket(0)) {
      Thread.ofVirtual().start(() -> echo(here));
      int free;
      int other;
      try (ServerSocket one = new ServerSocket(0);
          ServerSocket two = new ServerSocket(0)) {
        free = one.getLocalPort();
        other = two.getLocalPort();
      }
      Result result =
          sh(
              "head -c 20000000 /dev/urandom > big;"
                  + (" ssh -F $F -o ExitOnForwardFailure=yes -N -M -S $PWD/c"
                          + " -L %d:localhost:%d -R 127.0.0.1:%d:localhost:%d -L $PWD/l:$PWD/r"
                          + " -R $PWD/r:localhost:%d web.vm & ssh=$!;")
                      .formatted(
                          free,
                          here.getLocalPort(),
                          other,
                          here.getLocalPort(),
                          here.getLocalPort())
                  + " until ssh -F $F -S $PWD/c -O check web.vm 2> /dev/null && [ -S r ];"
                  + " do sleep 0.05; done;"
                  + (" for at in TCP:localhost:%d TCP:127.0.0.1:%d UNIX:$PWD/l; do"
                          + " socat -t 20 - $at < big | cmp - big && echo same; done;")
                      .formatted(free, other)
                  + " ssh -F $F -S $PWD/c -O cancel -R 127.0.0.1:%d:localhost:%d web.vm;"
                      .formatted(other, here.getLocalPort())
                  + " socat -u /dev/null TCP:127.0.0.1:%d || echo gone;".formatted(other)
                  + " ssh -F $F -S $PWD/c -O exit web.vm; wait $ssh");
      assertThat(result.out()).as(result.err()).isEqualTo("same\nsame\nsame\ngone\n");
    }
  }

  private static void echo(ServerSocket here) {
    try {
      while (true) {
        Socket client = here.accept();
        Thread.ofVirtual()
            .start(() -> {
              try (client) {
                client.getInputStream().transferTo(client.getOutputStream());
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
      }
    } catch (IOException _) {
      // The test is over.
    }
  }

  @Test
  void anAgentIsForwardedWithTheKeysThatAreAllowedAndNoOthers() throws Exception {
    Result made =
        sh(
            "ssh-keygen -q -t ed25519 -N '' -C good -f good; ssh-keygen -q -t ed25519 -N '' -f bad;"
                + " ssh-keygen -lf good | cut -d ' ' -f 2");
    String agentLine =
        "eval $(ssh-agent) > /dev/null; ssh-add -q good bad; mkdir -p away; mv good bad away; ";
    String end = "; mv away/* .; ssh-agent -k > /dev/null";
    Result refused = sh(agentLine + "ssh -A -F $F web.vm 'echo ${SSH_AUTH_SOCK:-none}'" + end);
    assertThat(refused.out()).doesNotContain("banger-agent");
    agentKeys.add(made.out().strip());
    Result some =
        sh(
            agentLine
                + "ssh -A -F $F web.vm \"ssh-add -l | wc -l; ssh-add -L; ssh-add -D; ssh-add -x; cd $PWD;"
                + " echo text > f; ssh-keygen -q -Y sign -f good.pub -n t f && echo signed;"
                + " cp f g; ssh-keygen -q -Y sign -f bad.pub -n t g || echo refused\" 2> /dev/null < /dev/null;"
                + " ssh-add -l | wc -l"
                + end);
    assertThat(some.out()).startsWith("1\nssh-ed25519 ").contains(" good\nsigned\nrefused\n");
    assertThat(some.out()).endsWith("2\n");
  }
}
