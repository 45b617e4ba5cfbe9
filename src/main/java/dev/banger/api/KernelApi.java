package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** Guest kernels. */
public final class KernelApi {
  private KernelApi() {}

  @Json
  public record Ref(String kernel) {}

  /**
   * A local kernel.
   *
   * @param kernel its release, as {@code uname -r} says in the guest
   * @param size bytes on disk, with its modules
   * @param newest new VMs get this one
   * @param vms names of the VMs that use it
   */
  @Json
  public record View(
      String kernel,
      String source,
      String architecture,
      long size,
      long createdAt,
      boolean newest,
      List<String> vms) {}

  @Json
  public record Views(List<View> kernels) {}

  private static final String PULL_TYPE = "kernel.pull";

  public static final Method<DaemonApi.Nothing, Views> LIST =
      Method.call("kernel.list", DaemonApi.Nothing.class, Views.class, "Local kernels");
  public static final Method<Ref, DaemonApi.Nothing> DELETE =
      Method.call("kernel.delete", Ref.class, DaemonApi.Nothing.class, "Delete an unused kernel");
  public static final Method<DaemonApi.Nothing, OperationApi.Begun> PULL_BEGIN =
      Method.call(
          "kernel.pull.begin",
          DaemonApi.Nothing.class,
          OperationApi.Begun.class,
          "Fetch the newest kernel; ends as View");

  /** Status, watch and cancel of kernel.pull. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(PULL_TYPE),
          OperationApi.watch(PULL_TYPE),
          OperationApi.cancel(PULL_TYPE));
}
