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
   * A root file system of this host that becomes an image.
   *
   * @param reference {@code NAME:TAG}
   * @param rootfs the absolute path of a file that holds an ext4; it is copied
   * @param kernel a release: what its VMs boot when nobody names a kernel; missing: the newest
   */
  @Json
  public record Register(String reference, String rootfs, @Nullable String kernel) {}

  /**
   * A local image.
   *
   * @param source who made it: deb, oci, file
   * @param size bytes on disk
   * @param provenance where it came from, exactly
   * @param digest of what it was made of
   * @param kernel what its VMs boot when nobody names a kernel; missing: the newest
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
      @Nullable String kernel,
      List<String> vms) {}

  @Json
  public record Views(List<View> images) {}

  /**
   * What shall go.
   *
   * @param all the newest image of a reference as well, when nobody uses it
   */
  @Json
  public record Prune(boolean all) {}

  /**
   * An image that is gone.
   *
   * @param size bytes it took of the disk
   */
  @Json
  public record Gone(String reference, String id, long size) {}

  /**
   * What a prune removed.
   *
   * @param layers how many layers left the layer cache
   * @param size bytes that all of it took
   */
  @Json
  public record Pruned(List<Gone> images, int layers, long layersSize, long size) {}

  private static final String PULL_TYPE = "image.pull";
  private static final String REGISTER_TYPE = "image.register";

  public static final Method<DaemonApi.Nothing, Views> LIST =
      Method.call("image.list", DaemonApi.Nothing.class, Views.class, "Local images");
  public static final Method<Ref, View> SHOW =
      Method.call("image.show", Ref.class, View.class, "One local image");
  public static final Method<Ref, DaemonApi.Nothing> DELETE =
      Method.call("image.delete", Ref.class, DaemonApi.Nothing.class, "Delete an unused image");
  public static final Method<Ref, OperationApi.Begun> PULL_BEGIN =
      Method.call(
          "image.pull.begin", Ref.class, OperationApi.Begun.class, "Fetch an image; ends as View");

  public static final Method<Register, OperationApi.Begun> REGISTER_BEGIN =
      Method.call(
          "image.register.begin",
          Register.class,
          OperationApi.Begun.class,
          "Make an image of a file of this host; ends as View");

  public static final Method<Prune, Pruned> PRUNE =
      Method.call(
          "image.prune",
          Prune.class,
          Pruned.class,
          "Delete unused images that have a newer one, and the layer cache");

  /** Status, watch and cancel of image.pull and image.register. */
  public static final List<Method<?, ?>> OPERATIONS =
      List.of(
          OperationApi.status(PULL_TYPE),
          OperationApi.watch(PULL_TYPE),
          OperationApi.cancel(PULL_TYPE),
          OperationApi.status(REGISTER_TYPE),
          OperationApi.watch(REGISTER_TYPE),
          OperationApi.cancel(REGISTER_TYPE));
}
