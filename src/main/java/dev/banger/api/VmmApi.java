package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** Releases of VMMs. */
public final class VmmApi {
  private VmmApi() {}

  /**
   * A release to fetch.
   *
   * @param version empty: the newest that the catalog lists
   */
  @Json
  public record Pull(String version) {}

  /**
   * A release.
   *
   * @param path its directory; empty: it is not installed
   * @param listed whether the catalog lists it
   */
  @Json
  public record View(String name, String version, String path, boolean listed) {}

  /**
   * All releases, the newest first.
   *
   * @param problem why the catalog could not be read; empty: it was
   */
  @Json
  public record Views(List<View> releases, String problem) {}

  private static final String PULL_TYPE = "vmm.pull";

  public static final Method<DaemonApi.Nothing, Views> LIST =
      Method.call(
          "vmm.list",
          DaemonApi.Nothing.class,
          Views.class,
          "Releases of Firecracker: installed ones, and those that the catalog lists");
  public static final Method<Pull, OperationApi.Begun> PULL_BEGIN =
      Method.call(
          "vmm.pull.begin",
          Pull.class,
          OperationApi.Begun.class,
          "Fetch a release of Firecracker that the catalog lists");

  /** Status, watch and cancel of vmm.pull. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(PULL_TYPE),
          OperationApi.watch(PULL_TYPE),
          OperationApi.cancel(PULL_TYPE));
}
