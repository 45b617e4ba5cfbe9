package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a VM has and wants of the network. */
public final class NetworkApi {
  private NetworkApi() {}

  /**
   * What is wanted, in bridge mode; what is absent stays, or is as every VM has it.
   *
   * @param ip its IPv4 address; only of a VM that is made
   * @param nat whether its packets leave under the host's address
   * @param network the named network whose members it sees; empty: none
   * @param egress internet, all, none, or rules with commas between them
   * @param egressAdd rules that join its list; only of a VM that is there
   * @param egressRemove rules that leave its list, where they are
   * @param egressMode enforce, audit or learn
   */
  @Json
  public record Wanted(
      @Nullable String ip,
      @Nullable Boolean nat,
      @Nullable String network,
      @Nullable String egress,
      @Nullable String egressAdd,
      @Nullable String egressRemove,
      @Nullable String egressMode) {}

  /**
   * What a VM has of the bridge.
   *
   * @param addresses IPv4 first
   * @param network the named network that it belongs to; absent: none
   * @param egressMode what becomes of that which the list does not name: enforce, audit or learn
   */
  @Json
  public record Card(
      List<String> addresses,
      boolean nat,
      @Nullable String network,
      String egress,
      String egressMode) {}

  /**
   * What a VM has that is on no bridge.
   *
   * @param address of this host's loopback: its name leads there, and its published ports answer
   * @param by qemu or passt, while it runs
   */
  @Json
  public record User(String address, @Nullable String by) {}
}
