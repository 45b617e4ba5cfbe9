package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The daemon itself. */
public final class DaemonApi {
  private DaemonApi() {}

  /** For methods that take, or answer, nothing: an empty object, by {@link NothingAdapter}. */
  public record Nothing() {}

  /** Notification {@link #HELLO}: the first line on every connection, sent by the daemon. */
  @Json
  public record Hello(String version, long pid) {}

  /**
   * The daemon, now.
   *
   * @param accelerator {@code kvm} or {@code tcg}; absent while not yet known
   * @param recovered whether all that a daemon before this one left was dealt with
   * @param leftovers what could not be removed yet, and is tried again
   */
  @Json
  public record Status(
      String version,
      long pid,
      long uptimeMillis,
      String dataDir,
      String socket,
      int vmsRunning,
      int vmsTotal,
      @Nullable String accelerator,
      boolean recovered,
      List<Leftover> leftovers) {}

  /**
   * Something left on the host that belongs to nobody.
   *
   * @param kind docs/state-dir.md says what it is
   * @param owner a VM's id, or what else it was for
   * @param begun when it was made, or begun to be
   * @param tries how often its removal has failed
   * @param error why it last did; empty: it was not tried yet
   */
  @Json
  public record Leftover(
      String kind, String owner, String what, long begun, int tries, String error) {}

  /** An OpenRPC document. */
  @Json
  public record Document(
      String openrpc,
      @Json.Raw @AnyJson String info,
      @Json.Raw @AnyJson String methods,
      @Json.Raw @AnyJson String components) {}

  public static final String HELLO = "daemon.hello";

  public static final Method<Nothing, Status> STATUS =
      Method.call(
          "daemon.status", Nothing.class, Status.class, "Version, process and load of the daemon");
  public static final Method<Nothing, Nothing> STOP =
      Method.call("daemon.stop", Nothing.class, Nothing.class, "Stop the daemon; VMs run on");
  public static final Method<Nothing, Document> DISCOVER =
      Method.call("rpc.discover", Nothing.class, Document.class, "This interface, as OpenRPC");
}
