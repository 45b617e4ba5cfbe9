package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where VMs may connect to, where they wanted to, and what they reach. */
public final class EgressApi {
  private EgressApi() {}

  @Json
  public record Of(String vm) {}

  /**
   * Where a VM wanted to go.
   *
   * @param names that it knows the address by, the latest first
   * @param protocol tcp, udp, icmp, ..., or a number
   * @param port absent where the protocol has none
   * @param count packets that were refused, or that opened connections
   * @param listed whether its list names it now
   * @param passes whether it passes now
   */
  @Json
  public record Destination(
      String address,
      List<String> names,
      String protocol,
      @Nullable Integer port,
      long count,
      long firstMillis,
      long lastMillis,
      boolean listed,
      boolean passes) {}

  /**
   * A name that a VM asked for.
   *
   * @param resolves whether it is answered now
   */
  @Json
  public record AskedName(
      String name, long count, long firstMillis, long lastMillis, boolean resolves) {}

  /**
   * A VM's rules, and what they met.
   *
   * @param egress its list, with commas
   * @param mode enforce, audit or learn
   * @param destinations the latest first; of mode learn all, else what the list does not name
   * @param names that its list does not name, the latest first
   * @param suggestion a list with which all of it would pass
   */
  @Json
  public record Report(
      String id,
      String name,
      String egress,
      String mode,
      List<Destination> destinations,
      List<AskedName> names,
      String suggestion) {}

  /**
   * What to try.
   *
   * @param targets {@code example.org:443}, {@code 10.1.2.3:22}, {@code [fd00::1]:443}
   */
  @Json
  public record Test(String vm, List<String> targets) {}

  /**
   * One thing that was tried.
   *
   * @param expected allowed or refused
   * @param found open, closed (the target itself says so), refused, unreachable, silent, no-name or
   *     not-tried
   */
  @Json
  public record Probe(
      String target,
      String expected,
      String found,
      double millis,
      boolean asExpected,
      String note) {}

  /**
   * What a VM reaches.
   *
   * @param network bridge or user
   * @param asExpected whether all is
   */
  @Json
  public record Tested(
      String id, String name, String network, List<Probe> probes, boolean asExpected) {}

  /**
   * A VM in a named network.
   *
   * @param addresses IPv4 first
   */
  @Json
  public record Member(String id, String name, List<String> addresses) {}

  /** Named networks and who belongs to them, running or not. */
  @Json
  public record Network(String name, List<Member> members) {}

  @Json
  public record Networks(List<Network> networks) {}

  public static final Method<Of, Report> EGRESS =
      Method.call(
          "network.egress", Of.class, Report.class, "Where a VM may go, and where it wanted to");
  public static final Method<Test, Tested> TEST =
      Method.call("network.test", Test.class, Tested.class, "Try in a guest what it reaches");
  public static final Method<DaemonApi.Nothing, Networks> LIST =
      Method.call(
          "network.list",
          DaemonApi.Nothing.class,
          Networks.class,
          "Named networks and their members");
}
