package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Images. */
public final class ImageApi {
  private ImageApi() {}

  @Json
  public record Ref(String reference) {}

  /**
   * A local image.
   *
   * @param source who made it: deb, oci
   * @param size bytes on disk
   * @param provenance where it came from, exactly
   * @param digest of what it was made of
   * @param vms names of the VMs that use it
   */
  @Json
  public record View(
      String reference,
      String id,
      String source,
      String architecture,
      long size,
      long createdAt,
      @Nullable String user,
      List<String> command,
      List<String> env,
      String workingDirectory,
      String stopSignal,
      List<String> ports,
      List<String> volumes,
      String provenance,
      String digest,
      List<String> vms) {}

  @Json
  public record Views(List<View> images) {}

  private static final String PULL_TYPE = "image.pull";

  public static final Method<DaemonApi.Nothing, Views> LIST =
      Method.call("image.list", DaemonApi.Nothing.class, Views.class, "Local images");
  public static final Method<Ref, View> SHOW =
      Method.call("image.show", Ref.class, View.class, "One local image");
  public static final Method<Ref, DaemonApi.Nothing> DELETE =
      Method.call("image.delete", Ref.class, DaemonApi.Nothing.class, "Delete an unused image");
  public static final Method<Ref, OperationApi.Begun> PULL_BEGIN =
      Method.call(
          "image.pull.begin", Ref.class, OperationApi.Begun.class, "Fetch an image; ends as View");

  /** Status, watch and cancel of image.pull. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(PULL_TYPE),
          OperationApi.watch(PULL_TYPE),
          OperationApi.cancel(PULL_TYPE));
}
