package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** What banger takes of the host's disk. */
public final class DiskApi {
  private DiskApi() {}

  /**
   * One thing.
   *
   * @param size bytes that are allocated to it; holes are not
   * @param droppable nothing is lost with it that cannot be fetched or made again
   */
  @Json
  public record Item(String name, long size, boolean droppable) {}

  /**
   * All things of a kind.
   *
   * @param kind images, kernels, vms, layers, templates, downloads
   * @param droppable the bytes of those that are
   * @param how they are dropped; empty: they are not
   */
  @Json
  public record Row(String kind, long size, long droppable, String how, List<Item> items) {}

  @Json
  public record Usage(List<Row> rows, long size, long droppable) {}

  public static final Method<DaemonApi.Nothing, Usage> USAGE =
      Method.call(
          "disk.usage",
          DaemonApi.Nothing.class,
          Usage.class,
          "What everything takes of the disk, and what can be dropped");
}
