package dev.banger.store;

import dev.banger.model.VmId;
import java.time.Instant;

/**
 * One thing that happened to a VM.
 *
 * @param cursor grows; 0: not written yet
 * @param name the VM's at that time
 * @param from the state before, and {@code to} after; empty: the state is the same
 * @param reason why, for people; may be empty
 * @param detail more, as K=V words where programs read it; may be empty
 */
public record EventRow(
    long cursor,
    Instant time,
    VmId vm,
    String name,
    String kind,
    String from,
    String to,
    String reason,
    String detail) {
  private static final int TEXT_LIMIT = 4_096;

  public EventRow {
    reason = cut(reason);
    detail = cut(detail);
  }

  private static String cut(String text) {
    return text.length() <= TEXT_LIMIT ? text : text.substring(0, TEXT_LIMIT - 1) + "…";
  }
}
