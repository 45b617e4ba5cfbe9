package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** What {@code banger doctor --json} prints; no method of the daemon answers with it. */
public final class DoctorApi {
  private DoctorApi() {}

  /**
   * What one check found.
   *
   * @param level ok, warning or error
   * @param cure empty when there is nothing to do
   * @param repair what {@code --fix} would do
   */
  @Json
  public record Finding(
      String check, String level, String found, String cure, List<String> repair) {}

  @Json
  public record Findings(List<Finding> findings) {}

  /** What {@code banger doctor --undo --json} prints. */
  @Json
  public record Undone(List<String> undone) {}
}
