package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Work seeds: what the homes of an image's VMs begin with. */
public final class SeedApi {
  private SeedApi() {}

  /**
   * The work seed of an image.
   *
   * @param size of the disk, in bytes: VMs of the image have at least this much
   * @param allocated bytes that it takes of the host
   * @param origin what it was made of
   * @param fingerprint of the SSH key that new work disks get; the seed itself holds none
   */
  @Json
  public record Seed(
      long size, long allocated, String origin, long createdAt, String fingerprint) {}

  /**
   * An image and its work seed.
   *
   * @param seed absent: homes begin empty
   */
  @Json
  public record View(String reference, String image, @Nullable Seed seed) {}

  /**
   * The client sends a directory as a tar stream.
   *
   * @param origin what it is, for people
   */
  @Json
  public record Fill(String reference, String origin) {}

  /** The home of a stopped VM becomes the seed. */
  @Json
  public record FromVm(String reference, String vm) {}

  private static final String TYPE = "image.seed";

  public static final Method<ImageApi.Ref, View> SHOW =
      Method.call("image.seed.show", ImageApi.Ref.class, View.class, "The work seed of an image");
  public static final Method<ImageApi.Ref, View> CLEAR =
      Method.call(
          "image.seed.clear", ImageApi.Ref.class, View.class, "Remove the work seed of an image");
  public static final Method<Fill, DaemonApi.Nothing> FILL =
      Method.interactive(
          "image.seed.fill",
          Fill.class,
          DaemonApi.Nothing.class,
          "Make the work seed of an image of an archive");
  public static final Method<FromVm, OperationApi.Begun> BEGIN =
      Method.call(
          "image.seed.begin",
          FromVm.class,
          OperationApi.Begun.class,
          "Make the work seed of an image of a stopped VM's home; ends as View");

  public static final List<Method<?, ?>> OPERATIONS =
      List.of(OperationApi.status(TYPE), OperationApi.watch(TYPE), OperationApi.cancel(TYPE));
}
