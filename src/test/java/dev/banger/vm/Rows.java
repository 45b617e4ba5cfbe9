package dev.banger.vm;

import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.store.VmRow;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Rows to begin with. */
final class Rows {
  private Rows() {}

  static VmRow row(String id, String name) {
    return new VmRow(
        new VmId(id),
        new VmName(name),
        VmRow.Life.begun(Instant.ofEpochSecond(1)),
        new VmRow.Source("debian:bookworm", "image", "kernel"),
        new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(1)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of(),
        "root",
        Long.parseLong(id, 16),
        Map.of());
  }
}
