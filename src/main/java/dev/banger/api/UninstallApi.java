package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;

/** What {@code banger uninstall --json} prints; no method of the daemon answers with it. */
public final class UninstallApi {
  private UninstallApi() {}

  /**
   * The end of it.
   *
   * @param removed what is no more
   * @param left what stays on the host, and where
   */
  @Json
  public record Result(List<String> removed, List<String> left) {}
}
