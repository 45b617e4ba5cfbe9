package dev.banger.privileged;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Who else is on a link: the kernel asks, by ARP, before it sends anything there. */
final class Neighbours {
  private static final Path TABLE = Path.of("/proc/net/arp");
  private static final Duration LIMIT = Duration.ofSeconds(1);
  private static final Duration PAUSE = Duration.ofMillis(20);

  /** RFC 863: nobody answers, and nobody minds. */
  private static final int DISCARD = 9;

  /** Columns of the table: address, kind, flags, MAC, mask, device. */
  private static final int COLUMNS = 6;

  private static final int COMPLETE = 2;

  private Neighbours() {}

  /** The MAC that has the address; empty: nobody says so. */
  static Optional<String> ask(String link, InetAddress address)
      throws IOException, InterruptedException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(new DatagramPacket(new byte[0], 0, address, DISCARD));
    }
    long end = System.nanoTime() + LIMIT.toNanos();
    Optional<String> found = known(link, address);
    while (found.isEmpty() && System.nanoTime() < end) {
      Thread.sleep(PAUSE);
      found = known(link, address);
    }
    return found;
  }

  private static Optional<String> known(String link, InetAddress address) throws IOException {
    return Files.readAllLines(TABLE).stream()
        .map(line -> line.split("\\s+", -1))
        .filter(row -> row.length >= COLUMNS && row[0].equals(address.getHostAddress()))
        .filter(row -> row[5].equals(link) && (Integer.decode(row[2]) & COMPLETE) != 0)
        .map(row -> row[3])
        .findFirst();
  }
}
