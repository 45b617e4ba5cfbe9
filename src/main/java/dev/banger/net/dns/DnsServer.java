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
import java.util.concurrent.Semaphore;
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
 * there are at a time is limited, and what is too much is dropped: who asked asks again.
 */
public final class DnsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DnsServer.class);
  private static final int MOST_QUESTIONS = 512;
  private static final int MOST_CONNECTIONS = 64;
  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final int LARGEST_QUESTION = 4096;
  private static final int LEAST_ANSWER = 512;

  /** The size that passes everywhere in one piece (DNS flag day 2020). */
  private static final int OUR_SIZE = 1232;

  private static final int LARGEST = 65_535;

  private final Zone zone;
  private final Optional<Forward> forward;
  private final Gate gate;
  private final Semaphore questions = new Semaphore(MOST_QUESTIONS);
  private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);
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
    try {
      while (channel.isOpen()) {
        buffer.clear();
        SocketAddress from = channel.receive(buffer);
        byte[] wire = new byte[buffer.flip().remaining()];
        buffer.get(wire);
        if (mayAsk(channel, from) && questions.tryAcquire()) {
          Thread _ =
              Thread.ofVirtual()
                  .name("dns-question")
                  .start(() -> {
                    try {
                      answer(channel, from, wire);
                    } finally {
                      questions.release();
                    }
                  });
        }
      }
    } catch (IOException e) {
      if (channel.isOpen()) {
        LOG.error("no more datagrams are answered", e);
      }
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
    try {
      while (!server.isClosed()) {
        Socket client = server.accept();
        boolean far =
            isLoopback(server.getLocalSocketAddress())
                && !isLoopback(client.getRemoteSocketAddress());
        if (far || !connections.tryAcquire()) {
          client.close();
          continue;
        }
        Thread _ = Thread.ofVirtual().name("dns-connection").start(() -> converse(client));
      }
    } catch (IOException e) {
      if (!server.isClosed()) {
        LOG.error("no more connections are answered", e);
      }
    }
  }

  private void converse(Socket client) {
    try (client) {
      client.setSoTimeout((int) IDLE.toMillis());
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      while (true) {
        Optional<byte[]> answer = answer(Framed.read(in), client.getInetAddress(), true);
        if (answer.isEmpty()) {
          return;
        }
        Framed.write(out, answer.get());
      }
    } catch (IOException e) {
      LOG.debug("a connection has ended: {}", e.getMessage());
    } finally {
      connections.release();
    }
  }

  /** Empty: it was no question, and is not answered. */
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
    Message reply = reply(query, from);
    if (forward.isEmpty()) {
      reply.getHeader().unsetFlag(Flags.RA);
    }
    int most = stream ? LARGEST : datagramSize(query);
    return Optional.of(reply.toWire(most));
  }

  private static int datagramSize(Message query) {
    OPTRecord options = query.getOPT();
    return options == null
        ? LEAST_ANSWER
        : Math.clamp(options.getPayloadSize(), LEAST_ANSWER, OUR_SIZE);
  }

  private Message reply(Message query, InetAddress from) {
    Record question = query.getQuestion();
    if (query.getHeader().getOpcode() != Opcode.QUERY) {
      return reply(query, Rcode.NOTIMP);
    }
    if (question == null || query.getSection(Section.QUESTION).size() != 1) {
      return reply(query, Rcode.FORMERR);
    }
    if (question.getDClass() != DClass.IN) {
      return reply(query, Rcode.REFUSED);
    }
    try {
      Optional<Message> own = zone.answer(query);
      if (own.isPresent()) {
        return own.get();
      }
      return forward.isPresent()
          ? forward.get().answer(query, gate.asker(from))
          : reply(query, Rcode.REFUSED);
    } catch (BangerException | IOException | RuntimeException e) {
      LOG.warn("no answer to " + question, e);
      return reply(query, Rcode.SERVFAIL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return reply(query, Rcode.SERVFAIL);
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
