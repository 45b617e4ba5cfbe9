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
   * @param reference its name; {@code <none>}: a newer image has it
   * @param source who made it: deb, oci, file, vm
   * @param size bytes on disk
   * @param provenance where it came from, exactly
   * @param digest of what it was made of
   * @param kernel what its VMs boot when nobody names a kernel; missing: the newest
   * @param seed what the homes of its VMs begin with; missing: nothing
   * @param vms names of the VMs that use it
   * @param deleted its name was taken away: its files go with the last of these VMs
   * @param details image.show says them
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
      SeedApi.@Nullable Seed seed,
      List<String> vms,
      boolean deleted,
      @Nullable Details details) {}

  /**
   * What a local image is made of and what it costs.
   *
   * @param diskSize of the root file system, as its VMs see it
   * @param own bytes of the disk that are allocated to its files, and go with it
   * @param shared bytes, as they are stored, of its layers that other images here have as well
   * @param hasInit whether it can boot by an init of its own
   * @param service whether its command runs in each VM that is kept
   * @param layers the lowest first
   * @param volumesLeftOut those of its volumes that no VM has, each with the reason
   */
  @Json
  public record Details(
      long diskSize,
      long own,
      long shared,
      boolean hasInit,
      boolean service,
      List<Layer> layers,
      List<String> volumesLeftOut) {}

  /**
   * A layer as it is stored.
   *
   * @param images references of the other images here that have it
   */
  @Json
  public record Layer(String digest, long size, List<String> images) {}

  /**
   * An image that shall go.
   *
   * @param force take its name away though VMs use it; else it is refused then
   */
  @Json
  public record Delete(String reference, boolean force) {}

  /**
   * An image that new VMs find no more.
   *
   * @param vms names of those that use it; its files go with the last of them
   */
  @Json
  public record Deleted(String reference, String id, List<String> vms) {}

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
  public static final Method<Delete, Deleted> DELETE =
      Method.call("image.delete", Delete.class, Deleted.class, "Delete an image, or its name");

  /** The last stage of a pull that had nothing to fetch. */
  public static final String UP_TO_DATE = "is up to date";

  public static final Method<Ref, OperationApi.Begun> PULL_BEGIN =
      Method.call(
          "image.pull.begin",
          Ref.class,
          OperationApi.Begun.class,
          "Fetch an image; ends as View, behind the stage '"
              + ImageApi.UP_TO_DATE
              + "' when it was here");

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
