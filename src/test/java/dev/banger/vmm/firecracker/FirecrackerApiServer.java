package dev.banger.vmm.firecracker;

import dev.banger.vmm.firecracker.ApiRules.Refused;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Firecracker's HTTP server, as strict as it: one request at a time, 204 without a body, 200 and
 * 400 with one. Two requests at once are counted as an offence of the client's.
 */
final class FirecrackerApiServer implements AutoCloseable {
  private static final int PAYLOAD_LIMIT = 51200;

  private final ServerSocketChannel server;
  private final FakeMachine machine;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger overlaps = new AtomicInteger();

  FirecrackerApiServer(Path socket, FakeMachine machine) throws IOException {
    this.machine = machine;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
  }

  /** How often a request came while another one was under way. */
  int overlaps() {
    return overlaps.get();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel connection = server.accept();
        Thread.ofVirtual().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // It is closed.
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(connection));
      while (one(in, connection)) {}
    } catch (IOException e) {
      // The client has gone.
    }
  }

  /** False at the end of the connection. */
  private boolean one(InputStream in, SocketChannel out) throws IOException {
    String start = line(in);
    if (start.isEmpty()) {
      return false;
    }
    if (inFlight.incrementAndGet() > 1) {
      overlaps.incrementAndGet();
    }
    String answer = answer(start, in);
    inFlight.decrementAndGet(); // before it is sent: the next request may come at once
    write(out, answer);
    return true;
  }

  private String answer(String start, InputStream in) throws IOException {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      int colon = header.indexOf(':');
      headers.put(
          header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    String text = new String(in.readNBytes(length), StandardCharsets.UTF_8);
    String[] words = start.split(" ", -1);
    try {
      Map<String, Object> body = body(words, length, text);
      Map<String, Object> result = machine.handle(words[0], words[1], body);
      return result == null
          ? "HTTP/1.1 204 No Content\r\nServer: Firecracker API\r\n\r\n"
          : whole("200 OK", ApiAnswer.JSON.toJson(result));
    } catch (Refused e) {
      return whole(
          "400 Bad Request", ApiAnswer.JSON.toJson(Map.of("fault_message", e.getMessage())));
    }
  }

  private static Map<String, Object> body(String[] words, int length, String text) throws Refused {
    if (words.length != 3 || !words[2].equals("HTTP/1.1")) {
      throw new Refused("Invalid request line");
    }
    if (length > PAYLOAD_LIMIT) {
      throw new Refused("Request payload with size " + length + " is larger than the limit");
    }
    if (words[0].equals("GET")) {
      if (length > 0) {
        throw new Refused("GET request cannot have a body.");
      }
      return Map.of();
    }
    if (length == 0) {
      throw new Refused("Empty " + words[0] + " request.");
    }
    if (!(ApiAnswer.JSON.type(Object.class).fromJson(text) instanceof Map<?, ?> map)) {
      throw new Refused("The body is no object");
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    map.forEach((name, value) -> fields.put(String.valueOf(name), value));
    return fields;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      line.append((char) next);
    }
    return line.toString().stripTrailing();
  }

  private static String whole(String status, String body) {
    return "HTTP/1.1 "
        + status
        + "\r\nServer: Firecracker API\r\nConnection: keep-alive\r\nContent-Type:"
        + " application/json\r\nContent-Length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  private static void write(SocketChannel out, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
