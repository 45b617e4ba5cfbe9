package dev.banger.net.dns;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * Answers on UDP and TCP (RFC 1035, EDNS of RFC 6891). Each question has a virtual thread; how many
 * there are at a time is limited, for each asker too, and what is too much is dropped: who asked
 * asks again. Names of VMs are answered whatever waits for a server above.
 */
public final class DnsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DnsServer.class);
  private static final int MOST_QUESTIONS = 2048;
  private static final int MOST_FORWARDED = 512;
  private static final int MOST_CONNECTIONS = 256;

  /** What one asker may take of these. */
  private static final int PART = 8;

  private static final Duration AGAIN = Duration.ofMillis(100);
  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final int LARGEST_QUESTION = 4096;
  private static final int LEAST_ANSWER = 512;

  /** The size that passes everywhere in one piece (DNS flag day 2020). */
  private static final int OUR_SIZE = 1232;

  private static final int LARGEST = 65_535;

  private final Zone zone;
  private final Optional<Forward> forward;
  private final Gate gate;
  private final Shares questions = new Shares(MOST_QUESTIONS, MOST_QUESTIONS / PART);
  private final Shares forwarded = new Shares(MOST_FORWARDED, MOST_FORWARDED / PART);
  private final Shares connections = new Shares(MOST_CONNECTIONS, MOST_CONNECTIONS / PART);
  private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();

  /**
   * @param gate says who may ask for what is no VM's name
   */
  public DnsServer(Names names, Upstream upstream, Gate gate) {
    this(names, Optional.of(new Forward(upstream)), gate);
  }

  private DnsServer(Names names, Optional<Forward> forward, Gate gate) {
    this.zone = new Zone(names);
    this.forward = forward;
    this.gate = gate;
  }

  /** Knows VMs only: who asks for anything else is refused. */
  public static DnsServer ofVmsOnly(Names names) {
    return new DnsServer(names, Optional.empty(), Gate.OPEN);
  }

  /**
   * Answers at this address from now on; on loopback nobody but this host.
   *
   * @param port 0: any
   * @return the port
   */
  public int listen(InetAddress address, int port) throws BangerException {
    DatagramChannel datagrams = null;
    try {
      ServerSocket streams = new ServerSocket(port, MOST_CONNECTIONS, address);
      open.add(streams);
      datagrams = DatagramChannel.open();
      open.add(datagrams);
      DatagramChannel bound =
          datagrams.bind(new InetSocketAddress(address, streams.getLocalPort()));
      InetSocketAddress self = new InetSocketAddress(address, streams.getLocalPort());
      forward.ifPresent(above -> above.exclude(self));
      Thread _ = Thread.ofVirtual().name("dns-udp").start(() -> serve(bound));
      Thread _ = Thread.ofVirtual().name("dns-tcp").start(() -> serve(streams));
      return streams.getLocalPort();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.IN_USE,
          "cannot answer DNS at " + address.getHostAddress() + " port " + port,
          "`ss -lnup sport = :" + port + "` shows who is there",
          e);
    }
  }

  private void serve(DatagramChannel channel) {
    ByteBuffer buffer = ByteBuffer.allocate(LARGEST_QUESTION);
    while (channel.isOpen()) {
      try {
        buffer.clear();
        SocketAddress from = channel.receive(buffer);
        byte[] wire = new byte[buffer.flip().remaining()];
        buffer.get(wire);
        InetAddress asker = ((InetSocketAddress) from).getAddress();
        if (mayAsk(channel, from) && questions.take(asker)) {
          Thread _ =
              Thread.ofVirtual()
                  .name("dns-question")
                  .start(() -> {
                    try {
                      answer(channel, from, wire);
                    } finally {
                      questions.give(asker);
                    }
                  });
        }
      } catch (IOException e) {
        pause(channel.isOpen(), "a datagram cannot be received", e);
      }
    }
  }

  /** One that fails is not the last: the host may have no descriptor left at this moment. */
  private static void pause(boolean open, String what, IOException why) {
    if (open) {
      LOG.warn("{}: {}", what, why.getMessage());
      LockSupport.parkNanos(AGAIN.toNanos());
    }
  }

  /** Where packets for 127.0.0.1 are routed (route_localnet), others reach loopback, too. */
  private static boolean mayAsk(DatagramChannel channel, SocketAddress from) throws IOException {
    return !isLoopback(channel.getLocalAddress()) || isLoopback(from);
  }

  private static boolean isLoopback(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress known && known.getAddress().isLoopbackAddress();
  }

  private void answer(DatagramChannel channel, SocketAddress from, byte[] wire) {
    InetAddress asker = ((InetSocketAddress) from).getAddress();
    Optional<byte[]> answer = answer(wire, asker, false);
    try {
      if (answer.isPresent()) {
        int _ = channel.send(ByteBuffer.wrap(answer.get()), from);
      }
    } catch (IOException e) {
      LOG.debug("no answer to {}", from, e);
    }
  }

  private void serve(ServerSocket server) {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        boolean far =
            isLoopback(server.getLocalSocketAddress())
                && !isLoopback(client.getRemoteSocketAddress());
        if (far || !connections.take(client.getInetAddress())) {
          client.close();
          continue;
        }
        Thread _ = Thread.ofVirtual().name("dns-connection").start(() -> converse(client));
      } catch (IOException e) {
        pause(!server.isClosed(), "a connection cannot be accepted", e);
      }
    }
  }

  private void converse(Socket client) {
    InetAddress asker = client.getInetAddress();
    try (client) {
      client.setSoTimeout((int) IDLE.toMillis());
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      while (true) {
        Optional<byte[]> answer = answer(Framed.read(in), asker, true);
        if (answer.isEmpty()) {
          return;
        }
        Framed.write(out, answer.get());
      }
    } catch (IOException e) {
      LOG.debug("a connection has ended: {}", e.getMessage());
    } finally {
      connections.give(asker);
    }
  }

  /** Empty: it was no question, or one too many, and is not answered. */
  Optional<byte[]> answer(byte[] wire, InetAddress from, boolean stream) {
    Message query;
    try {
      query = new Message(wire);
    } catch (IOException e) {
      return Optional.empty();
    }
    if (query.getHeader().getFlag(Flags.QR)) {
      return Optional.empty();
    }
    Optional<Message> reply = reply(query, from);
    if (reply.isPresent() && forward.isEmpty()) {
      reply.get().getHeader().unsetFlag(Flags.RA);
    }
    int most = stream ? LARGEST : datagramSize(query);
    return reply.map(message -> message.toWire(most));
  }

  private static int datagramSize(Message query) {
    OPTRecord options = query.getOPT();
    return options == null
        ? LEAST_ANSWER
        : Math.clamp(options.getPayloadSize(), LEAST_ANSWER, OUR_SIZE);
  }

  private Optional<Message> reply(Message query, InetAddress from) {
    Record question = query.getQuestion();
    if (query.getHeader().getOpcode() != Opcode.QUERY) {
      return Optional.of(reply(query, Rcode.NOTIMP));
    }
    if (question == null || query.getSection(Section.QUESTION).size() != 1) {
      return Optional.of(reply(query, Rcode.FORMERR));
    }
    if (question.getDClass() != DClass.IN) {
      return Optional.of(reply(query, Rcode.REFUSED));
    }
    try {
      Optional<Message> own = zone.answer(query);
      return own.isPresent() ? own : forward(query, from);
    } catch (BangerException | IOException | RuntimeException e) {
      LOG.warn("no answer to " + question, e);
      return Optional.of(reply(query, Rcode.SERVFAIL));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(reply(query, Rcode.SERVFAIL));
    }
  }

  private Optional<Message> forward(Message query, InetAddress from)
      throws BangerException, IOException, InterruptedException {
    if (forward.isEmpty()) {
      return Optional.of(reply(query, Rcode.REFUSED));
    }
    if (!forwarded.take(from)) {
      return Optional.empty();
    }
    try {
      return Optional.of(forward.get().answer(query, gate.asker(from)));
    } finally {
      forwarded.give(from);
    }
  }

  /** An answer to this question without records. */
  static Message reply(Message query, int code) {
    Message reply = new Message(query.getHeader().getID());
    reply.getHeader().setFlag(Flags.QR);
    reply.getHeader().setFlag(Flags.RA);
    if (query.getHeader().getFlag(Flags.RD)) {
      reply.getHeader().setFlag(Flags.RD);
    }
    reply.getHeader().setRcode(code);
    Record question = query.getQuestion();
    if (question != null) {
      reply.addRecord(question, Section.QUESTION);
    }
    if (query.getOPT() != null) {
      reply.addRecord(new OPTRecord(OUR_SIZE, 0, 0, query.getOPT().getFlags()), Section.ADDITIONAL);
    }
    return reply;
  }

  @Override
  public void close() {
    for (AutoCloseable each : open) {
      try {
        each.close();
      } catch (Exception e) {
        LOG.warn("a socket of the name server does not close", e);
      }
    }
  }
}
