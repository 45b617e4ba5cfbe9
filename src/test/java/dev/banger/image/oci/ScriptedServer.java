package dev.banger.image.oci;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A web server that does exactly what a test tells it, rude things included. One request a
 * connection.
 */
final class ScriptedServer implements AutoCloseable {
  /** What came. */
  record Request(String method, String path, Map<String, String> headers, String body) {
    String header(String name) {
      return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }
  }

  /** Writes a whole answer, or what it likes. */
  interface Script {
    void answer(Request request, OutputStream out) throws Exception;
  }

  private final ServerSocket socket;
  private final Script script;
  final List<Request> requests = new CopyOnWriteArrayList<>();

  ScriptedServer(Script script) throws IOException {
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.script = script;
    Thread.ofVirtual().start(this::accept);
  }

  /** As in a reference. */
  String name() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  String url() {
    return "http://" + name();
  }

  List<Request> of(String pathPart) {
    return requests.stream().filter(r -> r.path().contains(pathPart)).toList();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        Thread.ofVirtual().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // Closed: the test is over.
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      InputStream in = new BufferedInputStream(connection.getInputStream());
      String first = line(in);
      if (first.isEmpty()) {
        return;
      }
      Map<String, String> headers = new TreeMap<>();
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        int colon = line.indexOf(':');
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
      String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
      Request request =
          new Request(first.split(" ", -1)[0], first.split(" ", -1)[1], headers, body);
      requests.add(request);
      OutputStream out = connection.getOutputStream();
      script.answer(request, out);
      out.flush();
    } catch (Exception e) {
      // The client went away, or the script wanted it so.
    }
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.write(c);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** A whole answer; each header a line. */
  static void send(OutputStream out, int status, byte[] body, String... headers)
      throws IOException {
    head(out, status, body.length, headers);
    out.write(body);
  }

  static void send(OutputStream out, int status, String body, String... headers)
      throws IOException {
    send(out, status, body.getBytes(StandardCharsets.UTF_8), headers);
  }

  /** The beginning of an answer whose body follows, or does not. */
  static void head(OutputStream out, int status, long length, String... headers)
      throws IOException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " X\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    head.append("Content-Length: ").append(length).append("\r\nConnection: close\r\n\r\n");
    out.write(head.toString().getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
