package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationRow.Protocol;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One port that is asked for, as docker writes it: {@code 8080:80}, {@code 127.0.0.1:8080:80/udp}.
 *
 * @param address of the host, as {@link Addresses#text} writes it; empty: not asked for
 * @param port of the host; 0: banger chooses
 */
public record PortSpec(Protocol protocol, Optional<String> address, int port, int guestPort) {
  /** Where a port is published that no address is asked for: nothing else is open unasked. */
  static final String LOOPBACK = "127.0.0.1";

  /** The most that a VM can have. */
  static final int LIMIT = 256;

  private static final Pattern SHAPE =
      Pattern.compile(
          "(?:(?:(?<four>[^:\\[\\]/]*)|\\[(?<six>[^\\[\\]/]*)]):(?=[^:]*:))?"
              + "(?:(?<host>\\d{1,5}(?:-\\d{1,5})?)?:)?"
              + "(?<guest>\\d{1,5}(?:-\\d{1,5})?)"
              + "(?:/(?<protocol>[A-Za-z]+))?");
  private static final Pattern EXPOSED = Pattern.compile("(\\d{1,5}(?:-\\d{1,5})?)(?:/(tcp|udp))?");
  private static final int LAST_PORT = 65_535;

  /** From a port to one behind it or to itself. */
  private record Range(int first, int last) {
    int size() {
      return last - first + 1;
    }
  }

  /** All that the texts ask for, in their order. */
  public static List<PortSpec> parse(List<String> texts) throws BangerException {
    List<PortSpec> all = new ArrayList<>();
    for (String text : texts) {
      all.addAll(parse(text));
    }
    if (all.size() > LIMIT) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot publish more than " + LIMIT + " ports of a VM",
          "publish fewer");
    }
    return all;
  }

  static List<PortSpec> parse(String text) throws BangerException {
    Matcher matcher = SHAPE.matcher(text);
    if (!matcher.matches()) {
      throw bad(text, "it is no port");
    }
    Protocol protocol = protocol(text, matcher.group("protocol"));
    Optional<String> address = address(text, matcher.group("four"), matcher.group("six"));
    Range guest = range(text, matcher.group("guest"));
    if (guest.first() == 0) {
      throw bad(text, "no server listens on port 0");
    }
    String hostText = matcher.group("host");
    if (hostText == null || hostText.equals("0")) {
      return specs(protocol, address, new Range(0, 0), guest);
    }
    Range host = range(text, hostText);
    if (host.first() == 0) {
      throw bad(text, "a range of the host's ports does not begin with 0");
    }
    if (host.size() != guest.size()) {
      throw bad(
          text, host.size() + " ports of the host cannot stand for " + guest.size() + " of the VM");
    }
    return specs(protocol, address, host, guest);
  }

  private static List<PortSpec> specs(
      Protocol protocol, Optional<String> address, Range host, Range guest) {
    List<PortSpec> specs = new ArrayList<>();
    for (int i = 0; i < Math.min(guest.size(), LIMIT + 1); i++) {
      int port = host.first() == 0 ? 0 : host.first() + i;
      specs.add(new PortSpec(protocol, address, port, guest.first() + i));
    }
    return specs;
  }

  private static Protocol protocol(String text, @Nullable String name) throws BangerException {
    return switch (name == null ? "tcp" : name.toLowerCase(Locale.ROOT)) {
      case "tcp" -> Protocol.TCP;
      case "udp" -> Protocol.UDP;
      default -> throw bad(text, "'" + name + "' is neither tcp nor udp");
    };
  }

  private static Optional<String> address(String text, @Nullable String four, @Nullable String six)
      throws BangerException {
    String digits = four == null ? six : four;
    if (digits == null) {
      return Optional.empty();
    }
    Optional<InetAddress> address = Addresses.parse(digits);
    if (address.isEmpty()) {
      throw bad(text, "'" + digits + "' is no address of this host in digits");
    }
    return address.map(Addresses::text);
  }

  private static Range range(String text, String digits) throws BangerException {
    String[] ends = digits.split("-", 2);
    int first = Integer.parseInt(ends[0]);
    int last = Integer.parseInt(ends[ends.length - 1]);
    if (last > LAST_PORT || first > last) {
      throw bad(text, "ports are 1 to " + LAST_PORT + ", the smaller one first");
    }
    return new Range(first, last);
  }

  private static BangerException bad(String text, String why) {
    return new BangerException(
        ErrorCode.INVALID,
        "cannot publish '" + text + "': " + why,
        "write 8080:80, 127.0.0.1:8080:80, [::1]:8080:80, 8080:80/udp, 8000-8010:80-90, or 80 for"
            + " any free port");
  }

  /** What an image says that it listens on, {@code 80/tcp}, each on a port that banger chooses. */
  public static List<PortSpec> exposed(List<String> ports) throws BangerException {
    List<PortSpec> all = new ArrayList<>();
    for (String port : ports) {
      if (EXPOSED.matcher(port).matches() && !port.startsWith("0/")) {
        all.addAll(parse(port));
      }
    }
    return all;
  }

  /** Whether this, as it was asked for, means that publication. */
  boolean means(PublicationRow row) {
    return protocol == row.protocol()
        && guestPort == row.guestPort()
        && (port == 0 || port == row.port())
        && (address.isEmpty() || address.get().equals(row.address()));
  }

  /** Whether that publishes the same port of the guest. */
  public boolean isFor(PublicationRow row) {
    return protocol == row.protocol() && guestPort == row.guestPort();
  }

  /** A number alone may be meant as the host's port, too. */
  boolean meansHostPort(PublicationRow row) {
    return port == 0
        && protocol == row.protocol()
        && guestPort == row.port()
        && (address.isEmpty() || address.get().equals(row.address()));
  }

  @Override
  public String toString() {
    String host = address.map(a -> (a.indexOf(':') < 0 ? a : "[" + a + "]") + ":").orElse("");
    return host + port + ":" + guestPort + "/" + protocol;
  }
}
