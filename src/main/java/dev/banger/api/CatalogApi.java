package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Images that can be had, and bundles of those that are here. */
public final class CatalogApi {
  private CatalogApi() {}

  /**
   * What is looked for.
   *
   * @param text part of a name, a version or a description; empty: everything
   */
  @Json
  public record Search(String text) {}

  /**
   * An image that can be had, or is here.
   *
   * @param reference what to pull
   * @param size bytes to download; missing: not known
   * @param catalog where it is listed; missing: it is only here
   * @param signed whether somebody has signed it who is believed; missing: it is no bundle
   * @param id of the local image of this reference; missing: there is none
   */
  @Json
  public record Offer(
      String reference,
      String architecture,
      String description,
      @Nullable Long size,
      @Nullable String catalog,
      @Nullable Boolean signed,
      @Nullable String id) {}

  /**
   * What there is.
   *
   * @param problems why catalogs could not be read
   */
  @Json
  public record Found(List<Offer> images, List<String> problems) {}

  /**
   * What a bundle is made of.
   *
   * @param image a reference or an id
   * @param kernel a release or an id; missing: the image's own, else the newest
   */
  @Json
  public record Bundle(String image, @Nullable String kernel) {}

  /**
   * The bundle follows as a stream.
   *
   * @param name as a catalog lists it
   * @param version as a catalog lists it
   * @param kernel the release that is in it
   * @param size bytes of its files before they are compressed
   */
  @Json
  public record Bundled(
      String name, String version, String architecture, String kernel, long size) {}

  public static final Method<Search, Found> FIND =
      Method.call("image.find", Search.class, Found.class, "Images in the catalogs and here");
  public static final Method<Bundle, Bundled> BUNDLE =
      Method.interactive(
          "image.bundle", Bundle.class, Bundled.class, "A local image and its kernel as one file");
}
