package dev.banger.net.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * A question for the addresses of a name, as bytes that somebody else carries.
 *
 * @param six IPv6 addresses
 */
public record Lookup(String name, boolean six) {
  /**
   * What came of it.
   *
   * @param code {@code NOERROR}, {@code NXDOMAIN} or another one's name
   */
  public record Found(String code, List<InetAddress> addresses) {}

  /** INVALID names have no bytes: they are an {@link IllegalArgumentException}. */
  public byte[] question() {
    return Message.newQuery(Record.newRecord(rooted(), six ? Type.AAAA : Type.A, DClass.IN))
        .toWire();
  }

  private Name rooted() {
    try {
      return Name.fromString(name, Name.root);
    } catch (TextParseException e) {
      throw new IllegalArgumentException("'" + name + "' is no name", e);
    }
  }

  /** Reads an answer to {@link #question}. */
  public Found read(byte[] answer) throws IOException {
    Message message = new Message(answer);
    Chain chain = Chain.of(rooted(), message.getSection(Section.ANSWER));
    return new Found(Rcode.string(message.getRcode()), chain.addresses());
  }
}
