package dev.banger.net.egress;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.net.InetAddress;
import java.util.Optional;

/**
 * One place to connect to, as users write it.
 *
 * @param host a name in small letters and ASCII, or an address
 * @param address empty: it is a name
 */
public record TargetText(String host, Optional<InetAddress> address, int port) {
  /** A name. */
  public static TargetText of(String name, int port) {
    return new TargetText(name, Optional.empty(), port);
  }

  /** {@code example.org:443}, {@code 10.1.2.3:22}, {@code [fd00::1]:443}. */
  public static TargetText parse(String text) throws BangerException {
    Rule rule = RuleParser.rule(text.strip());
    Service service = rule.service();
    boolean port = service.ports() == 1 && service.isOf(Service.TCP);
    if (port && rule instanceof Rule.Addresses some && some.range().single().isPresent()) {
      InetAddress address = some.range().single().get();
      return new TargetText(AddressText.of(address), Optional.of(address), service.first());
    }
    if (port && rule instanceof Rule.Domain domain && !domain.below()) {
      return of(domain.name(), service.first());
    }
    throw new BangerException(
        ErrorCode.INVALID,
        "'" + text + "' is no target to connect to",
        "write a name or an address and a TCP port, as example.org:443 or [fd00::1]:22");
  }

  @Override
  public String toString() {
    return address.map(one -> AddressText.of(one, port)).orElse(host + ":" + port);
  }
}
