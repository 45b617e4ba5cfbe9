package dev.banger.job;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A resolver of this host that knows a few names; all live for five seconds. */
final class FakeResolver implements AutoCloseable {
  private static final int TTL = 5;

  private final DatagramSocket socket;
  private final Map<String, List<String>> names;

  /**
   * @param names with their addresses, or the name that they stand for
   */
  FakeResolver(String address, Map<String, List<String>> names) throws IOException {
    this.socket = new DatagramSocket(53, InetAddress.getByName(address));
    this.names = names;
    Thread _ = Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    byte[] buffer = new byte[4096];
    while (!socket.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        Message query = new Message(Arrays.copyOf(buffer, packet.getLength()));
        byte[] wire = answer(query).toWire();
        socket.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private Message answer(Message query) throws IOException {
    Message reply = new Message(query.getHeader().getID());
    reply.getHeader().setFlag(Flags.QR);
    reply.getHeader().setFlag(Flags.RA);
    Record question = query.getQuestion();
    reply.addRecord(question, Section.QUESTION);
    Name name = question.getName();
    List<String> found = names.get(name.toString(true).toLowerCase(Locale.ROOT));
    if (found == null) {
      reply.getHeader().setRcode(Rcode.NXDOMAIN);
      return reply;
    }
    if (found.getFirst().endsWith(".example")) {
      Name target = Name.fromString(found.getFirst(), Name.root);
      reply.addRecord(new CNAMERecord(name, DClass.IN, TTL, target), Section.ANSWER);
      name = target;
      found = names.getOrDefault(found.getFirst(), List.of());
    }
    for (String text : found) {
      InetAddress address = InetAddress.getByName(text);
      boolean six = text.indexOf(':') >= 0;
      if (question.getType() == (six ? Type.AAAA : Type.A)) {
        Record record =
            six
                ? new AAAARecord(name, DClass.IN, TTL, address)
                : new ARecord(name, DClass.IN, TTL, address);
        reply.addRecord(record, Section.ANSWER);
      }
    }
    return reply;
  }

  @Override
  public void close() {
    socket.close();
  }
}
