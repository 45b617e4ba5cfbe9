package dev.banger.net.dns;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * The host's resolvers, as resolv.conf(5) names them at this moment, and what they said lately. An
 * answer is believed only from whom it was asked, with the number and question that were sent.
 */
public final class Upstream {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int ROUNDS = 2;
  private static final int MOST_SERVERS = 3;
  private static final int PORT = 53;
  private static final int PAYLOAD = 1232;
  private static final int SIGNATURES = 0x8000;
  private static final int LARGEST = 65_535;
  private static final int MOST_KEPT = 4096;

  /** Times to live are not counted down, so nothing is kept for long; seconds. */
  private static final long LONGEST_KEPT = 30;

  private final Supplier<List<InetSocketAddress>> servers;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final LeafLock lock = new LeafLock("dns-cache");
  private final Set<InetSocketAddress> own = ConcurrentHashMap.newKeySet();

  private record Kept(Message answer, Instant until) {}

  @GuardedBy("lock")
  private final Map<String, Kept> kept =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
          return size() > MOST_KEPT;
        }
      };

  /**
   * @param configuration the host's resolv.conf
   */
  public Upstream(Path configuration, Clock clock) {
    this.servers = () -> servers(configuration);
    this.clock = clock;
  }

  /** These, always. */
  Upstream(List<InetSocketAddress> fixed, Clock clock) {
    this.servers = () -> fixed;
    this.clock = clock;
  }

  /** The host's name servers; none: it has none, or no such file. */
  private static List<InetSocketAddress> servers(Path configuration) {
    List<InetSocketAddress> servers = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(configuration)) {
        String[] words = line.strip().split("\\s+", 3);
        if (words.length > 1 && words[0].equals("nameserver") && servers.size() < MOST_SERVERS) {
          servers.add(new InetSocketAddress(InetAddress.ofLiteral(words[1]), PORT));
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      return servers; // what could be read
    }
    return servers;
  }

  /** Whoever asks here listens there: it is never asked, whatever resolv.conf(5) says. */
  void exclude(InetSocketAddress self) {
    own.add(self);
  }

  /** What they say; empty: none of them answered. */
  Optional<Message> ask(Message query) throws IOException, InterruptedException {
    String key = key(query);
    Optional<Message> known = known(key);
    if (known.isPresent()) {
      return known;
    }
    Message sent = fresh(query);
    byte[] wire = sent.toWire();
    List<InetSocketAddress> all =
        servers.get().stream().filter(server -> !own.contains(server)).toList();
    for (int round = 0; round < ROUNDS; round++) {
      for (InetSocketAddress server : all) {
        Optional<Message> answer = ask(server, sent, wire);
        if (answer.isPresent()) {
          keep(key, answer.get());
          return answer;
        }
      }
    }
    return Optional.empty();
  }

  /** The question alone: what else a VM says steers no answer that others get. */
  private Message fresh(Message query) {
    Message sent = Message.newQuery(query.getQuestion());
    sent.getHeader().setID(random.nextInt(1 << 16));
    if (query.getHeader().getFlag(Flags.CD)) {
      sent.getHeader().setFlag(Flags.CD);
    }
    if (query.getOPT() != null) {
      sent.addRecord(
          new OPTRecord(PAYLOAD, 0, 0, query.getOPT().getFlags() & SIGNATURES), Section.ADDITIONAL);
    }
    return sent;
  }

  private static Optional<Message> ask(InetSocketAddress server, Message sent, byte[] wire)
      throws InterruptedException {
    try {
      Optional<Message> answer = byDatagram(server, sent, wire);
      if (answer.isPresent() && answer.get().getHeader().getFlag(Flags.TC)) {
        return byStream(server, sent, wire);
      }
      return answer;
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException("while " + server + " was asked");
      }
      return Optional.empty(); // the next one is asked
    }
  }

  private static Optional<Message> byDatagram(InetSocketAddress server, Message sent, byte[] wire)
      throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(server);
      socket.send(new DatagramPacket(wire, wire.length));
      long until = System.nanoTime() + TIMEOUT.toNanos();
      byte[] buffer = new byte[LARGEST];
      while (true) {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return Optional.empty();
        }
        socket.setSoTimeout((int) left);
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        byte[] copy = new byte[packet.getLength()];
        System.arraycopy(buffer, 0, copy, 0, copy.length);
        Optional<Message> answer = believed(copy, sent);
        if (answer.isPresent()) {
          return answer;
        }
      }
    } catch (SocketTimeoutException e) {
      return Optional.empty();
    }
  }

  private static Optional<Message> byStream(InetSocketAddress server, Message sent, byte[] wire)
      throws IOException {
    try (Socket socket = new Socket()) {
      int limit = (int) TIMEOUT.toMillis();
      socket.connect(server, limit);
      socket.setSoTimeout(limit);
      Framed.write(socket.getOutputStream(), wire);
      return believed(Framed.read(new DataInputStream(socket.getInputStream())), sent);
    }
  }

  private static Optional<Message> believed(byte[] wire, Message sent) {
    try {
      Message answer = new Message(wire);
      Record question = answer.getQuestion();
      boolean right =
          answer.getHeader().getFlag(Flags.QR)
              && answer.getHeader().getID() == sent.getHeader().getID()
              && question != null
              && question.equals(sent.getQuestion());
      return right ? Optional.of(answer) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The question as it was asked: also whether signatures are wanted. */
  private static String key(Message query) {
    var options = query.getOPT();
    boolean signatures = options != null && (options.getFlags() & SIGNATURES) != 0;
    return query.getQuestion()
        + (signatures ? " signed" : "")
        + (query.getHeader().getFlag(Flags.CD) ? " unchecked" : "");
  }

  private Optional<Message> known(String key) {
    lock.lock();
    try {
      Kept found = kept.get(key);
      if (found == null || found.until().isBefore(clock.instant())) {
        return Optional.empty();
      }
      return Optional.of(found.answer());
    } finally {
      lock.unlock();
    }
  }

  private void keep(String key, Message answer) {
    int code = answer.getRcode();
    if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
      return;
    }
    long seconds = LONGEST_KEPT;
    for (int section : List.of(Section.ANSWER, Section.AUTHORITY)) {
      for (Record record : answer.getSection(section)) {
        seconds = record.getType() == Type.OPT ? seconds : Math.min(seconds, record.getTTL());
      }
    }
    if (seconds <= 0) {
      return;
    }
    lock.lock();
    try {
      kept.put(key, new Kept(answer, clock.instant().plusSeconds(seconds)));
    } finally {
      lock.unlock();
    }
  }
}
