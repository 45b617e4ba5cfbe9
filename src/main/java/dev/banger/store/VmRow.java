package dev.banger.store;

import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One VM as it was last written down. */
public record VmRow(
    VmId id,
    VmName name,
    State state,
    String ended,
    String image,
    String imageId,
    String kernel,
    int cpus,
    ByteSize memory,
    ByteSize disk,
    String initMode,
    boolean oneShot,
    List<String> env,
    String owner,
    long uid,
    Map<String, String> labels,
    Instant created,
    Optional<Instant> started,
    Optional<Instant> stopped) {

  /** What the last operation left behind. */
  public enum State {
    CREATING,
    STOPPED,
    /** It ended, or did not start, against its user's will. */
    FAILED,
    RUNNING,
    DELETING
  }

  public VmRow {
    env = List.copyOf(env);
    labels = Map.copyOf(labels);
  }
}
