package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.store.LeaseRow;
import java.net.Inet4Address;
import java.util.Optional;

/**
 * What a user wants of a VM's network; what is empty stays as it is, or as every VM has it.
 *
 * @param address its IPv4 address, for a VM that is made
 * @param nat whether its packets leave under the host's address
 * @param network the named network whose members it sees; blank: none
 * @param egress where it may connect to
 */
public record NetworkWish(
    Optional<Inet4Address> address,
    Optional<Boolean> nat,
    Optional<String> network,
    EgressWish egress) {
  public static final NetworkWish NONE =
      new NetworkWish(Optional.empty(), Optional.empty(), Optional.empty(), EgressWish.NONE);

  /** In place of a network's name. */
  private static final String NO_NETWORK = "none";

  public NetworkWish {
    if (network.equals(Optional.of(NO_NETWORK))) {
      throw new IllegalArgumentException("'none' stands for no network, so none is called so");
    }
    if (network.isPresent() && !network.get().matches("|[a-z0-9][a-z0-9-]{0,31}")) {
      throw new IllegalArgumentException("'" + network.get() + "' is no name of a network");
    }
  }

  /** From words of a client; null: nothing is wanted. */
  public static NetworkWish parse(
      Optional<String> address, Optional<Boolean> nat, Optional<String> network, EgressWish egress)
      throws BangerException {
    Optional<Inet4Address> ip = address.flatMap(AddressPlan::ofDigits);
    if (address.isPresent() && ip.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID, "'" + address.get() + "' is no IPv4 address", "write e.g. 10.87.0.9");
    }
    try {
      return new NetworkWish(
          ip, nat, network.map(name -> name.equals(NO_NETWORK) ? "" : name), egress);
    } catch (IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          String.valueOf(e.getMessage()),
          "write small letters, digits and hyphens, at most 32",
          e);
    }
  }

  /** Whether nothing is wanted. */
  public boolean isEmpty() {
    return equals(NONE);
  }

  /** Whether something is wanted that is not so in the user network anyway. */
  public boolean needsBridge() {
    return address.isPresent()
        || nat.equals(Optional.of(false))
        || network.filter(name -> !name.isEmpty()).isPresent()
        || !egress.equals(EgressWish.NONE);
  }

  LeaseRow apply(LeaseRow row) throws BangerException {
    return egress.apply(row.withRules(nat.orElse(row.nat()), network.orElse(row.network())));
  }
}
