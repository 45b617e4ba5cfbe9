package dev.banger.store;

import dev.banger.model.ByteSize;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One VM as it was last written down.
 *
 * @param initMode auto, system or agent
 * @param owner the user name of who made it
 * @param uid the VMM's number in root mode; never used again
 */
public record VmRow(
    VmId id,
    VmName name,
    Life life,
    Source source,
    Shape shape,
    Policy policy,
    Restarts restarts,
    String initMode,
    boolean oneShot,
    List<String> env,
    String owner,
    long uid,
    Map<String, String> labels) {

  /** What the last operation left behind. */
  public enum State {
    CREATING,
    STOPPED,
    /** It ended, or did not start, against its user's will. */
    FAILED,
    RUNNING,
    DELETING
  }

  /**
   * What became of it.
   *
   * @param ended why it last ended; empty when as asked
   * @param asked a user stopped it: no policy starts it again
   * @param bootId the host's boot in which it was last started; empty: never
   */
  public record Life(
      State state,
      String ended,
      boolean asked,
      Instant created,
      Optional<Instant> started,
      Optional<Instant> stopped,
      String bootId) {
    /** Of one that is being made. */
    public static Life begun(Instant now) {
      return new Life(State.CREATING, "", false, now, Optional.empty(), Optional.empty(), "");
    }

    public Life with(State now) {
      return new Life(now, "", asked, created, started, stopped, bootId);
    }

    /** A user wants it to stay down. */
    public Life stayingDown() {
      return new Life(state, ended, true, created, started, stopped, bootId);
    }

    public Life running(Instant now, String hostBoot) {
      return new Life(State.RUNNING, "", false, created, Optional.of(now), stopped, hostBoot);
    }

    /** It runs no longer: STOPPED or FAILED. */
    public Life ended(State how, Instant now, String why, boolean byUser) {
      return new Life(how, why, byUser, created, started, Optional.of(now), bootId);
    }
  }

  /**
   * What it is made from; {@code imageId} and {@code kernel} are folders, pinned by this row.
   *
   * @param image the reference as asked for
   */
  public record Source(String image, String imageId, String kernel) {}

  public record Shape(int cpus, ByteSize memory, ByteSize disk) {}

  /**
   * What its supervisor goes by.
   *
   * @param ttl lifetime as asked for
   * @param expires when it is over, and the VM is deleted
   * @param idleStop it is stopped when nobody used it for so long
   */
  public record Policy(
      RestartPolicy restart,
      Optional<Duration> ttl,
      Optional<Instant> expires,
      Optional<Duration> idleStop) {
    public static final Policy NONE =
        new Policy(RestartPolicy.NEVER, Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * Starts by its policy.
   *
   * @param count since a user last started it
   * @param last the last of them
   * @param pause before the last one, or the next
   * @param due when the next one comes
   */
  public record Restarts(int count, Optional<Instant> last, Duration pause, Optional<Instant> due) {
    public static final Restarts NONE =
        new Restarts(0, Optional.empty(), Duration.ZERO, Optional.empty());
  }

  public VmRow {
    env = List.copyOf(env);
    labels = Map.copyOf(labels);
  }

  public State state() {
    return life.state();
  }

  public VmRow withName(VmName now) {
    return new VmRow(
        id, now, life, source, shape, policy, restarts, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withLife(Life now) {
    return new VmRow(
        id, name, now, source, shape, policy, restarts, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withSource(Source now) {
    return new VmRow(
        id, name, life, now, shape, policy, restarts, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withShape(Shape now) {
    return new VmRow(
        id, name, life, source, now, policy, restarts, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withPolicy(Policy now) {
    return new VmRow(
        id, name, life, source, shape, now, restarts, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withRestarts(Restarts now) {
    return new VmRow(
        id, name, life, source, shape, policy, now, initMode, oneShot, env, owner, uid, labels);
  }

  public VmRow withLabels(Map<String, String> now) {
    return new VmRow(
        id, name, life, source, shape, policy, restarts, initMode, oneShot, env, owner, uid, now);
  }
}
