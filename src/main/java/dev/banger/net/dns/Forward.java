package dev.banger.net.dns;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Answers from the host's resolvers, as far as who asks may ask. What may not be asked for is no
 * domain: programs give up at once, where many ask again and again when they are refused. There is
 * no SOA record with it, so nobody keeps it (RFC 2308, 5), and who speaks EDNS is told why (RFC
 * 8914).
 */
final class Forward {
  /** Nothing is promised for longer; seconds. */
  private static final long LONGEST = 86_400;

  private static final String WHY = "not on this VM's --egress list";

  private final Upstream upstream;

  Forward(Upstream upstream) {
    this.upstream = upstream;
  }

  /** This one is never asked: it is who asks. */
  void exclude(InetSocketAddress self) {
    upstream.exclude(self);
  }

  Message answer(Message query, Gate.Asker asker)
      throws BangerException, IOException, InterruptedException {
    Name name = query.getQuestion().getName();
    if (!asker.mayAsk(Chain.text(name))) {
      return prohibited(query);
    }
    Optional<Message> found = upstream.ask(query);
    if (found.isEmpty()) {
      return DnsServer.reply(query, Rcode.SERVFAIL);
    }
    Message answer = found.get();
    List<Record> records = answer.getSection(Section.ANSWER);
    if (asker.isWatched()) {
      records = followed(query, answer);
      Chain chain = Chain.of(name, records);
      boolean told =
          chain.addresses().isEmpty()
              || asker.isTold(
                  new Gate.Told(
                      Chain.text(name),
                      chain.aliases(),
                      chain.addresses().stream().distinct().toList(),
                      Duration.ofSeconds(Math.min(chain.lives(), LONGEST))));
      if (!told) {
        return DnsServer.reply(query, Rcode.SERVFAIL);
      }
      records = records.stream().map(Forward::limited).toList();
    }
    Message reply = DnsServer.reply(query, answer.getRcode());
    if (answer.getHeader().getFlag(Flags.AD)) {
      reply.getHeader().setFlag(Flags.AD);
    }
    records.forEach(record -> reply.addRecord(record, Section.ANSWER));
    answer
        .getSection(Section.AUTHORITY)
        .forEach(record -> reply.addRecord(record, Section.AUTHORITY));
    return reply;
  }

  /** An answer that ends with an alias is continued, as who asks may not ask for that. */
  private List<Record> followed(Message query, Message answer)
      throws IOException, InterruptedException {
    Record question = query.getQuestion();
    List<Record> records = new ArrayList<>(answer.getSection(Section.ANSWER));
    boolean addresses = question.getType() == Type.A || question.getType() == Type.AAAA;
    Chain chain = Chain.of(question.getName(), records);
    for (int hop = 0; hop < Chain.LONGEST; hop++) {
      if (!addresses || !chain.addresses().isEmpty() || chain.aliases().isEmpty()) {
        return records;
      }
      Record next = Record.newRecord(chain.end(), question.getType(), question.getDClass());
      Optional<Message> more = upstream.ask(Message.newQuery(next));
      if (more.isEmpty() || more.get().getSection(Section.ANSWER).isEmpty()) {
        return records;
      }
      records.addAll(more.get().getSection(Section.ANSWER));
      chain = Chain.of(question.getName(), records);
    }
    return records;
  }

  private static Record limited(Record record) {
    return record.getTTL() <= LONGEST
        ? record
        : Record.newRecord(
            record.getName(),
            record.getType(),
            record.getDClass(),
            LONGEST,
            record.rdataToWireCanonical());
  }

  private static Message prohibited(Message query) {
    Message reply = DnsServer.reply(query, Rcode.NXDOMAIN);
    OPTRecord options = reply.getOPT();
    if (options != null) {
      reply.removeRecord(options, Section.ADDITIONAL);
      reply.addRecord(
          new OPTRecord(
              options.getPayloadSize(),
              0,
              0,
              options.getFlags(),
              new ExtendedErrorCodeOption(ExtendedErrorCodeOption.PROHIBITED, WHY)),
          Section.ADDITIONAL);
    }
    return reply;
  }
}
