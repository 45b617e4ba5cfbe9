package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Guest kernels. */
public final class KernelApi {
  private KernelApi() {}

  /**
   * A kernel of this host's files. All paths are absolute.
   *
   * @param file a bzImage or an ELF vmlinux
   * @param modules its directory of modules; missing: all that is needed is built in
   * @param initrd archives that are unpacked before banger's own; missing: there are none
   */
  @Json
  public record Register(String file, @Nullable String modules, @Nullable String initrd) {}

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

  private static final String REGISTER_TYPE = "kernel.register";

  public static final Method<Register, OperationApi.Begun> REGISTER_BEGIN =
      Method.call(
          "kernel.register.begin",
          Register.class,
          OperationApi.Begun.class,
          "Make a kernel of files of this host; ends as View");

  /** Status, watch and cancel of kernel.pull and kernel.register. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(PULL_TYPE),
          OperationApi.watch(PULL_TYPE),
          OperationApi.cancel(PULL_TYPE),
          OperationApi.status(REGISTER_TYPE),
          OperationApi.watch(REGISTER_TYPE),
          OperationApi.cancel(REGISTER_TYPE));
}
