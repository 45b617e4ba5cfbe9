package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ports of guests, and where the host publishes them. */
public final class PortApi {
  private PortApi() {}

  /**
   * Ports to be published; all of them or none.
   *
   * @param specs {@code 8080:80}, {@code 127.0.0.1:8080:80/udp}, {@code 8000-8010:80-90}, {@code
   *     80}
   */
  @Json
  public record Publish(String vm, List<String> specs) {}

  /**
   * Publications to be ended; all of them or none.
   *
   * @param specs as for {@code vm.publish}; one without a port of the host means all of that port
   * @param all every one; then there are no specs
   */
  @Json
  public record Unpublish(String vm, List<String> specs, boolean all) {}

  /**
   * A port of the guest on an address of the host.
   *
   * @param protocol tcp or udp
   * @param chosen banger chose {@code hostPort}
   * @param state open; closed, while the VM does not run; or failed
   * @param problem why it failed
   */
  @Json
  public record Publication(
      String protocol,
      String hostAddress,
      int hostPort,
      int guestPort,
      boolean chosen,
      String state,
      @Nullable String problem) {}

  @Json
  public record Published(String id, String name, List<Publication> publications) {}

  /**
   * Which VMs.
   *
   * @param vms names or ids; empty: all that run or publish something
   */
  @Json
  public record Names(List<String> vms) {}

  /**
   * A socket on which a process of the guest listens.
   *
   * @param pid absent when it is not known
   * @param published where the host stands for it, {@code 127.0.0.1:8080}
   */
  @Json
  public record Listener(
      String protocol,
      String address,
      int port,
      @Nullable Long pid,
      @Nullable String process,
      List<String> published) {}

  /**
   * The guest's port on the VM's own address of the host's loopback.
   *
   * @param problem why it is not there
   */
  @Json
  public record Own(String protocol, int port, boolean open, @Nullable String problem) {}

  /**
   * One VM.
   *
   * @param address of the host's loopback, the VM's own; absent until it publishes something
   * @param guestMissing why the guest's sockets are not known
   */
  @Json
  public record VmPorts(
      String id,
      String name,
      @Nullable String address,
      List<Listener> listening,
      List<Publication> publications,
      List<Own> own,
      @Nullable String guestMissing) {}

  @Json
  public record Ports(List<VmPorts> vms) {}

  public static final Method<Publish, Published> PUBLISH =
      Method.call(
          "vm.publish", Publish.class, Published.class, "Publish ports of a VM, running or not");
  public static final Method<Unpublish, Published> UNPUBLISH =
      Method.call(
          "vm.unpublish", Unpublish.class, Published.class, "End publications; answers those");
  public static final Method<Names, Ports> PORTS =
      Method.call("vm.ports", Names.class, Ports.class, "Who listens in guests, what is published");
}
