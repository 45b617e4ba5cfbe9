package dev.banger.yamux;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Two ends of a real Unix socket. */
record SocketPair(SocketChannel left, SocketChannel right) implements AutoCloseable {
  static SocketPair open() throws IOException {
    Path directory = Files.createTempDirectory("yamux");
    Path path = directory.resolve("socket");
    var address = UnixDomainSocketAddress.of(path);
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      SocketChannel left = SocketChannel.open(address);
      return new SocketPair(left, server.accept());
    } finally {
      Files.deleteIfExists(path);
      Files.delete(directory);
    }
  }

  @Override
  public void close() throws IOException {
    left.close();
    right.close();
  }
}
