package dev.banger.net.dns;

import dev.banger.model.BangerException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * What is answered without asking anybody: {@code NAME.vm}, everything below it, and the names of
 * our addresses.
 */
final class Zone {
  /** Of a name that may go at any moment, seconds. */
  private static final long TTL = 5;

  private static final Name APEX = Name.fromConstantString("vm.");
  private static final Name SERVER = Name.fromConstantString("banger.vm.");
  private static final int REFRESH = 3600;

  private final Names names;

  Zone(Names names) {
    this.names = names;
  }

  /** Empty: the question is for others. */
  Optional<Message> answer(Message query) throws BangerException {
    Record question = query.getQuestion();
    if (question.getName().subdomain(APEX)) {
      return Optional.of(forward(query, question));
    }
    Optional<InetAddress> address = reversed(question.getName());
    if (address.isPresent() && names.isOurs(address.get())) {
      return Optional.of(reverse(query, question, address.get()));
    }
    // systemd-resolved asks the bridge for these of the bridge's; asked back, it would not end.
    if (address.isPresent() && address.get().isLinkLocalAddress()) {
      return Optional.of(DnsServer.reply(query, Rcode.NXDOMAIN));
    }
    return Optional.empty();
  }

  private static Optional<InetAddress> reversed(Name name) {
    try {
      return Optional.of(ReverseMap.fromName(name));
    } catch (UnknownHostException | IllegalArgumentException e) {
      return Optional.empty(); // an ordinary name
    }
  }

  private Message forward(Message query, Record question) throws BangerException {
    Message reply = reply(query);
    Name name = question.getName();
    if (name.equals(APEX)) {
      boolean itself = question.getType() == Type.SOA;
      reply.addRecord(authority(), itself ? Section.ANSWER : Section.AUTHORITY);
      return reply;
    }
    String vm = name.getLabelString(name.labels() - 3).toLowerCase(Locale.ROOT);
    List<InetAddress> addresses = names.addresses(vm);
    for (InetAddress address : addresses) {
      boolean four = address instanceof Inet4Address;
      if (question.getType() == Type.ANY || question.getType() == (four ? Type.A : Type.AAAA)) {
        reply.addRecord(
            four
                ? new ARecord(name, DClass.IN, TTL, address)
                : new AAAARecord(name, DClass.IN, TTL, address),
            Section.ANSWER);
      }
    }
    if (reply.getSection(Section.ANSWER).isEmpty()) {
      if (addresses.isEmpty() && !names.exists(vm)) {
        reply.getHeader().setRcode(Rcode.NXDOMAIN);
      }
      reply.addRecord(authority(), Section.AUTHORITY);
    }
    return reply;
  }

  private Message reverse(Message query, Record question, InetAddress address)
      throws BangerException {
    Message reply = reply(query);
    Optional<String> vm = names.name(address);
    if (vm.isEmpty()) {
      reply.getHeader().setRcode(Rcode.NXDOMAIN);
    } else if (question.getType() == Type.PTR || question.getType() == Type.ANY) {
      Name target = Name.fromConstantString(vm.get() + "." + APEX);
      reply.addRecord(new PTRRecord(question.getName(), DClass.IN, TTL, target), Section.ANSWER);
    }
    return reply;
  }

  private static Record authority() {
    return new SOARecord(APEX, DClass.IN, TTL, SERVER, SERVER, 1, REFRESH, REFRESH, REFRESH, TTL);
  }

  /** An empty answer with authority. */
  private static Message reply(Message query) {
    Message reply = DnsServer.reply(query, Rcode.NOERROR);
    reply.getHeader().setFlag(Flags.AA);
    return reply;
  }
}
