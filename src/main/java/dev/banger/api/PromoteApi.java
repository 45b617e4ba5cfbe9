package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** Images of VMs. */
public final class PromoteApi {
  private PromoteApi() {}

  /**
   * A stopped VM whose system disk becomes an image.
   *
   * @param reference {@code NAME:TAG}
   * @param scrub without machine id, SSH host keys, logs, shell histories and keys
   */
  @Json
  public record Promote(String vm, String reference, boolean scrub) {}

  private static final String TYPE = "image.promote";

  public static final Method<Promote, OperationApi.Begun> BEGIN =
      Method.call(
          "image.promote.begin",
          Promote.class,
          OperationApi.Begun.class,
          "Make an image of a stopped VM; ends as View");

  public static final List<Method<?, ?>> OPERATIONS =
      List.of(OperationApi.status(TYPE), OperationApi.watch(TYPE), OperationApi.cancel(TYPE));
}
