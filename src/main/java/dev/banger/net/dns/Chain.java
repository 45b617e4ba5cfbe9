package dev.banger.net.dns;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/**
 * From a name over its aliases to addresses, by the records of an answer; what does not belong to
 * it does not count.
 *
 * @param end the last of the aliases, or the name itself
 * @param lives seconds of the shortest time to live on the way
 */
record Chain(Name end, List<String> aliases, List<InetAddress> addresses, long lives) {
  static final int LONGEST = 8;

  static Chain of(Name name, List<Record> answer) {
    Name end = name;
    List<String> aliases = new ArrayList<>();
    long lives = Long.MAX_VALUE;
    boolean more = true;
    while (more && aliases.size() < LONGEST) {
      more = false;
      for (Record record : answer) {
        if (record instanceof CNAMERecord alias && alias.getName().equals(end)) {
          end = alias.getTarget();
          aliases.add(text(end));
          lives = Math.min(lives, alias.getTTL());
          more = true;
          break;
        }
      }
    }
    List<InetAddress> addresses = new ArrayList<>();
    for (Record record : answer) {
      if (record.getName().equals(end)) {
        if (record instanceof ARecord four) {
          addresses.add(four.getAddress());
          lives = Math.min(lives, four.getTTL());
        } else if (record instanceof AAAARecord six) {
          addresses.add(six.getAddress());
          lives = Math.min(lives, six.getTTL());
        }
      }
    }
    return new Chain(end, aliases, addresses, lives);
  }

  /** In small letters, without the dot at its end. */
  static String text(Name name) {
    return name.toString(true).toLowerCase(Locale.ROOT);
  }
}
