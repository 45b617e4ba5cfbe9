package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Changing what a VM has and goes by. */
public final class SetApi {
  private SetApi() {}

  /**
   * What is to be different; all of it comes to be, or nothing.
   *
   * @param cpus, memory, disk 0: stays as it is
   * @param restart no, on-failure, on-failure:N or always; absent: stays as it is
   * @param labels added, or given another value
   * @param unlabel keys of labels that go
   * @param ttlMillis from now on, 0: it lives on; absent: stays as it is
   * @param idleStopMillis 0: it is not stopped; absent: stays as it is
   */
  @Json
  public record Change(
      String vm,
      int cpus,
      long memory,
      long disk,
      @Nullable String restart,
      Map<String, String> labels,
      List<String> unlabel,
      @Nullable Long ttlMillis,
      @Nullable Long idleStopMillis,
      NetworkApi.@Nullable Wanted network) {}

  /**
   * What became of one field.
   *
   * @param effect now, next-start, or unchanged
   * @param note why it is not so yet; empty otherwise
   */
  @Json
  public record Field(String field, String before, String after, String effect, String note) {}

  @Json
  public record Changed(String id, String name, List<Field> fields) {}

  public static final Method<Change, Changed> SET =
      Method.call("vm.set", Change.class, Changed.class, "Change a VM, whole or not at all");
}
