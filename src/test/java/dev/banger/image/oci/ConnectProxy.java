package dev.banger.image.oci;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A proxy that opens tunnels (CONNECT); whatever their name is, they lead to one port here. */
final class ConnectProxy implements AutoCloseable {
  private static final int HEAD_LIMIT = 1 << 16;

  private final ServerSocket server;
  private final int target;
  private final Optional<String> credential;

  /** Where to the tunnels were asked for that were opened. */
  final List<String> opened = new CopyOnWriteArrayList<>();

  /** And those that were refused. */
  final List<String> refused = new CopyOnWriteArrayList<>();

  /**
   * @param credential {@code user:password} that it wants
   */
  ConnectProxy(int target, Optional<String> credential) throws IOException {
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.target = target;
    this.credential = credential;
    Thread.ofVirtual().start(this::accept);
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      while (true) {
        String head = head(client.getInputStream());
        String[] words = head.lines().findFirst().orElse("").split(" ", -1);
        if (words.length != 3 || !words[0].equals("CONNECT")) {
          answer(client, "405 Only tunnels", "");
          return;
        }
        if (mayPass(head)) {
          opened.add(words[1]);
          tunnel(client);
          return;
        }
        refused.add(words[1]);
        answer(
            client, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=p\r\n");
      }
    } catch (IOException e) {
      // The client has gone.
    }
  }

  private boolean mayPass(String head) {
    return credential
        .map(c -> Base64.getEncoder().encodeToString(c.getBytes(StandardCharsets.UTF_8)))
        .map(wanted ->
            head.lines().anyMatch(l -> l.equalsIgnoreCase("Proxy-Authorization: Basic " + wanted)))
        .orElse(true);
  }

  private static void answer(Socket client, String status, String headers) throws IOException {
    String text = "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
    client.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0 || head.size() > HEAD_LIMIT) {
        throw new IOException("no request");
      }
      head.write(next);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  private void tunnel(Socket client) throws IOException {
    try (Socket inner = new Socket(InetAddress.getLoopbackAddress(), target)) {
      client.getOutputStream().write("HTTP/1.1 200 Open\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      Thread there = Thread.ofVirtual().start(() -> pump(client, inner));
      pump(inner, client);
      client.close();
      there.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pump(Socket from, Socket to) {
    try (OutputStream out = to.getOutputStream()) {
      from.getInputStream().transferTo(out);
    } catch (IOException e) {
      // One of them has closed.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
