package dev.banger.vmm.firecracker;

import dev.banger.vmm.firecracker.ApiRules.Refused;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/**
 * A process that is {@code firecracker}, or {@code jailer} and then firecracker, to all that can be
 * seen from outside: command line, sockets, API, vsock, exit statuses. Its guest answers each line
 * on vsock port 1024 with itself, and ends as the lines tell it to.
 */
final class FakeFirecracker extends FakeMachine {
  private static final List<String> FLAGS = List.of("--api-sock", "--log-path", "--level", "--id");
  private static final List<String> JAILER_FLAGS =
      List.of(
          "--id",
          "--exec-file",
          "--uid",
          "--gid",
          "--chroot-base-dir",
          "--cgroup-version",
          "--parent-cgroup",
          "--cgroup");
  private static final String PANIC = "[    1.0] Kernel panic - not syncing: sysrq triggered crash";
  private static final int WRONG_COMMAND_LINE = 153;

  private final CountDownLatch up = new CountDownLatch(1);

  private FakeFirecracker(int release, Path root) {
    super(release, root);
  }

  /** {@code RELEASE firecracker|jailer WORD...}. */
  public static void main(String[] arguments) throws Exception {
    int release = Integer.parseInt(arguments[0]);
    List<String> words = new ArrayList<>(List.of(arguments).subList(2, arguments.length));
    Path root = arguments[1].equals("jailer") ? jail(words) : Path.of("/");
    Map<String, String> options = options(words, FLAGS, List.of("--enable-pci"));
    FakeFirecracker machine = new FakeFirecracker(release, root);
    Path socket = machine.place(options.get("--api-sock"));
    if (Files.exists(socket)) {
      end(1, "Error: Failed to open the API socket at: " + socket + ". Check that it is not used.");
    }
    try (RandomAccessFile log =
            new RandomAccessFile(machine.place(options.get("--log-path")).toFile(), "rw");
        FirecrackerApiServer _ = new FirecrackerApiServer(socket, machine)) {
      log.write("fake: a warning\n".getBytes(StandardCharsets.US_ASCII));
      new CountDownLatch(1).await();
    }
  }

  private static Map<String, String> options(
      List<String> words, List<String> known, List<String> bare) {
    Map<String, String> options = new TreeMap<>();
    for (int i = 0; i < words.size(); i++) {
      if (bare.contains(words.get(i))) {
        options.put(words.get(i), "");
      } else if (known.contains(words.get(i)) && i + 1 < words.size()) {
        options.merge(words.get(i), words.get(++i), (a, b) -> a + " " + b);
      } else {
        end(WRONG_COMMAND_LINE, "Arguments parsing error: unexpected " + words.get(i));
      }
    }
    return options;
  }

  /** What the jailer does before it becomes Firecracker, but that nothing is really locked in. */
  private static Path jail(List<String> words) throws IOException {
    int end = words.indexOf("--");
    Map<String, String> options = options(words.subList(0, end), JAILER_FLAGS, List.of());
    Path program = Path.of(options.get("--exec-file"));
    String name = program.getFileName().toString();
    Path base = Path.of(options.get("--chroot-base-dir"));
    if (!name.contains("firecracker")
        || !Files.isDirectory(base)
        || !options.containsKey("--uid")) {
      end(1, "Jailer error: invalid arguments " + options);
    }
    Path root = base.resolve(name).resolve(options.get("--id")).resolve("root");
    Files.createDirectories(root.resolve("run"));
    Files.createDirectory(root.resolve("dev"));
    Files.copy(program, root.resolve(name));
    Files.writeString(
        Files.createFile(root.resolve(name + ".pid")), "" + ProcessHandle.current().pid());
    words.subList(0, end + 1).clear();
    words.addAll(List.of("--id", options.get("--id")));
    return root;
  }

  private static void end(int status, String words) {
    PrintStream where = status == 0 ? System.out : System.err;
    where.println(words);
    where.flush();
    Runtime.getRuntime().halt(status);
  }

  @Override
  void running() {
    System.out.println("guest: up");
    System.out.flush();
    up.countDown();
  }

  /** The guest obeys later: the request has been answered then. */
  @Override
  void pressed() {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            Thread.sleep(50);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          end(0, "banger-agent: goodbye reboot");
        });
  }

  @Override
  void listenForGuest(Path socket) throws Refused {
    try {
      ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofPlatform().daemon().start(() -> accept(server));
    } catch (IOException e) {
      throw new Refused("Cannot create backend for vsock device: " + e);
    }
  }

  private void accept(ServerSocketChannel server) {
    try {
      while (true) {
        SocketChannel connection = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(connection));
      }
    } catch (IOException e) {
      end(2, "the vsock listener failed: " + e);
    }
  }

  /** Without a guest that listens the connection is closed without an answer. */
  private void serve(SocketChannel connection) {
    try (connection;
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(
                    Channels.newInputStream(connection), StandardCharsets.UTF_8))) {
      if (!"CONNECT 1024".equals(lines.readLine()) || up.getCount() > 0) {
        return;
      }
      write(connection, "OK 1073741824\n");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        while (!state().equals("Running")) {
          Thread.sleep(5);
        }
        obey(line);
        write(connection, line + "\n");
      }
    } catch (IOException e) {
      // The host has gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void write(SocketChannel connection, String text) throws IOException {
    connection.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void obey(String line) {
    switch (line) {
      case "poweroff" -> end(0, "banger-agent: goodbye poweroff");
      case "reboot" -> end(0, "banger-agent: goodbye reboot");
      case "panic" -> end(0, PANIC);
      case "vanish" -> end(0, "[    1.0] reboot: Restarting system");
      default -> {
        if (line.startsWith("exit ")) {
          end(Integer.parseInt(line.substring(5)), "fake: told to");
        }
      }
    }
  }
}
