package dev.banger.api;

import dev.banger.api.DaemonApi.Nothing;
import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** VMs and their lives. */
public final class VmApi {
  private VmApi() {}

  /**
   * A VM to be.
   *
   * @param cpus, memory, disk 0 for the daemon's default
   * @param env {@code K=V}: the default environment of its programs
   * @param initMode auto, system or agent
   * @param restart no, on-failure, on-failure:N or always; absent: no
   * @param ttlMillis it is stopped and deleted so long after this call; 0: never
   * @param idleStopMillis it is stopped when nobody used it for so long; 0: never
   * @param idempotencyKey a second begin with the same key answers the first one's operation
   * @param waitMillis how long a start may wait for room on the host; absent: it is refused then
   * @param publish ports, as {@code vm.publish} takes them
   * @param publishExposed also all ports on which its image says that it listens
   */
  @Json
  public record Create(
      @Nullable String name,
      @Nullable String image,
      @Nullable String kernel,
      int cpus,
      long memory,
      long disk,
      List<String> env,
      String initMode,
      boolean start,
      Map<String, String> labels,
      @Nullable String idempotencyKey,
      @Nullable String restart,
      long ttlMillis,
      long idleStopMillis,
      @Nullable Long waitMillis,
      @Nullable List<String> publish,
      boolean publishExposed,
      NetworkApi.@Nullable Wanted network) {}

  /**
   * A VM that is being made.
   *
   * @param warning what is not as safe as one might think; said with the first VM only
   */
  @Json
  public record CreateBegun(String operation, String id, String name, @Nullable String warning) {}

  /**
   * Which VMs.
   *
   * @param all also those that are stopped
   */
  @Json
  public record Filter(boolean all) {}

  @Json
  public record Ref(String vm) {}

  /**
   * A start.
   *
   * @param waitSystem the start is over when the image's init says that it is up
   * @param waitMillis how long it may wait for room on the host; absent: it is refused then
   */
  @Json
  public record Start(String vm, boolean waitSystem, @Nullable Long waitMillis) {}

  /**
   * A stop.
   *
   * @param timeoutMillis how long the guest is asked before it is killed; 0 for the default
   * @param force do not ask, and cancel what is at work on this VM
   */
  @Json
  public record Stop(String vm, long timeoutMillis, boolean force) {}

  /**
   * An end by force.
   *
   * @param signal for the VMM; KILL when absent
   */
  @Json
  public record Kill(String vm, @Nullable String signal) {}

  @Json
  public record Delete(String vm, boolean force) {}

  /**
   * Which log.
   *
   * @param source console or vmm
   * @param lines the last so many; 0 for all
   */
  @Json
  public record Logs(String vm, String source, int lines) {}

  @Json
  public record LogText(String text) {}

  /** What a VM is made of; sizes in bytes. */
  @Json
  public record Shape(int cpus, long memory, long disk) {}

  /**
   * What {@code vm.show} and {@code vm.list} answer, and the result of vm.create, vm.start and
   * vm.restart.
   *
   * @param state creating, created, starting, running, unresponsive, paused, stopping, stopped,
   *     failed, deleting
   * @param reason why it is so, for people
   * @param since when it came to be so
   * @param running what it has while it runs; cpus, memory and disk are what it gets at its next
   *     start
   * @param accelerator kvm or tcg, while it runs
   * @param ports on which its image says that it listens, {@code 80/tcp}; vm.show says it
   * @param volumes directories that its image wants on the work disk; vm.show says it
   * @param published its ports on addresses of the host, {@code 127.0.0.1:8080:80/tcp}
   */
  @Json
  public record View(
      String id,
      String name,
      String state,
      @Nullable String reason,
      long since,
      String image,
      String kernel,
      int cpus,
      long memory,
      long disk,
      @Nullable Shape running,
      String initMode,
      Map<String, String> labels,
      List<String> env,
      @Nullable String address,
      @Nullable Long pid,
      @Nullable String accelerator,
      long createdAt,
      @Nullable Long startedAt,
      @Nullable Long stoppedAt,
      Policies policies,
      @Nullable List<String> ports,
      @Nullable List<String> volumes,
      List<String> published,
      NetworkApi.@Nullable Card network,
      NetworkApi.@Nullable User userNetwork) {}

  /**
   * What the VM's supervisor goes by.
   *
   * @param restarts by its policy, since a user last started it
   * @param restartAt when the next one comes
   * @param expiresAt when it is stopped and deleted
   */
  @Json
  public record Policies(
      String restart,
      int restarts,
      @Nullable Long restartAt,
      @Nullable Long ttlMillis,
      @Nullable Long expiresAt,
      @Nullable Long idleStopMillis) {}

  @Json
  public record Views(List<View> vms) {}

  private static final String CREATE_TYPE = "vm.create";
  private static final String START_TYPE = "vm.start";
  private static final String RESTART_TYPE = "vm.restart";

  public static final Method<Create, CreateBegun> CREATE_BEGIN =
      Method.call("vm.create.begin", Create.class, CreateBegun.class, "Create a VM; ends as View");
  public static final Method<Start, OperationApi.Begun> START_BEGIN =
      Method.call(
          "vm.start.begin", Start.class, OperationApi.Begun.class, "Start a VM; ends as View");
  public static final Method<Start, OperationApi.Begun> RESTART_BEGIN =
      Method.call(
          "vm.restart.begin",
          Start.class,
          OperationApi.Begun.class,
          "Stop and start a VM; ends as View");
  public static final Method<Filter, Views> LIST =
      Method.call("vm.list", Filter.class, Views.class, "VMs, by name");
  public static final Method<Ref, View> SHOW =
      Method.call("vm.show", Ref.class, View.class, "One VM");
  public static final Method<Stop, View> STOP =
      Method.call("vm.stop", Stop.class, View.class, "Ask the guest to end, kill it after a limit");
  public static final Method<Kill, View> KILL =
      Method.call("vm.kill", Kill.class, View.class, "Send a signal to the VMM; KILL ends the VM");
  public static final Method<Delete, Nothing> DELETE =
      Method.call("vm.delete", Delete.class, Nothing.class, "Remove a VM and its disks");
  public static final Method<Logs, LogText> LOGS =
      Method.call("vm.logs", Logs.class, LogText.class, "The console's or the VMM's last lines");

  /** The operations' own status, watch and cancel, by type. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(CREATE_TYPE),
          OperationApi.watch(CREATE_TYPE),
          OperationApi.cancel(CREATE_TYPE),
          OperationApi.status(START_TYPE),
          OperationApi.watch(START_TYPE),
          OperationApi.cancel(START_TYPE),
          OperationApi.status(RESTART_TYPE),
          OperationApi.watch(RESTART_TYPE),
          OperationApi.cancel(RESTART_TYPE));
}
