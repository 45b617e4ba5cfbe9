package dev.banger.guest;

import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** An agent that says what a test tells it to, on a Unix socket. */
final class ScriptedAgent implements AutoCloseable {
  /** Plays the agent on a connection that was just made. */
  interface Connection {
    void play(SocketChannel channel) throws Exception;
  }

  /** Answers one stream; {@code request} has been read from it. */
  interface Answer {
    void play(YamuxStream stream, Message request) throws Exception;
  }

  private final Path directory;
  private final ServerSocketChannel server;
  final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

  private ScriptedAgent(Path directory, ServerSocketChannel server) {
    this.directory = directory;
    this.server = server;
  }

  /** Each connection is played by {@code connection}. */
  static ScriptedAgent listening(Connection connection) throws IOException {
    Path directory = Files.createTempDirectory("guest");
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(directory.resolve("socket")));
    ScriptedAgent agent = new ScriptedAgent(directory, server);
    Thread.ofPlatform().daemon().start(() -> agent.serve(connection));
    return agent;
  }

  /** Each connection is synchronised, then each stream answered. */
  static ScriptedAgent answering(Answer answer) throws IOException {
    return listening(channel -> {
      write(channel, readHello(channel));
      answerStreams(channel, answer);
    });
  }

  static void answerStreams(SocketChannel channel, Answer answer) throws Exception {
    YamuxSession session = YamuxSession.server(channel);
    while (session.isOpen()) {
      YamuxStream stream;
      try {
        stream = session.accept();
      } catch (IOException e) {
        return;
      }
      Thread.ofVirtual()
          .start(() -> {
            try (stream) {
              answer.play(stream, Message.read(stream.input()));
            } catch (Exception e) {
              stream.reset();
            }
          });
    }
  }

  private void serve(Connection connection) {
    while (server.isOpen()) {
      try (SocketChannel channel = server.accept()) {
        connection.play(channel);
      } catch (Exception | AssertionError e) {
        failures.add(e);
      }
    }
  }

  /** Discards bytes until a whole HELLO has come, and returns it. */
  static byte[] readHello(SocketChannel channel) throws IOException {
    byte[] last = new byte[Synchronisation.MAGIC.length];
    while (!Arrays.equals(last, Synchronisation.MAGIC)) {
      System.arraycopy(last, 1, last, 0, last.length - 1);
      last[last.length - 1] = read(channel, 1)[0];
    }
    byte[] hello = Arrays.copyOf(Synchronisation.MAGIC, Synchronisation.HELLO_BYTES);
    System.arraycopy(read(channel, 16), 0, hello, 16, 16);
    return hello;
  }

  static byte[] read(SocketChannel channel, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException();
      }
    }
    return bytes.array();
  }

  static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  Path socket() {
    return directory.resolve("socket");
  }

  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(socket());
    Files.delete(directory);
  }
}
