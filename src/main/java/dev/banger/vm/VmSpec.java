package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Durations;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmName;
import dev.banger.net.NetworkWish;
import dev.banger.net.port.PortWishes;
import dev.banger.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a user asks for, checked.
 *
 * @param name empty: one is chosen
 * @param image a reference; pulled when missing
 * @param kernel a release; empty: the image's, or the newest, pulled when there is none
 * @param initMode auto, system or agent
 * @param oneShot the VM belongs to one command and goes with it
 * @param owner the caller's user name
 * @param ttl it is stopped and deleted so long after its creation began
 * @param idleStop it is stopped when nobody used it for so long
 * @param network what it wants of the network; only where VMs are on a bridge
 * @param ports what it publishes from its creation on
 * @param program what it runs first
 */
public record VmSpec(
    Optional<VmName> name,
    String image,
    Optional<String> kernel,
    int cpus,
    ByteSize memory,
    ByteSize disk,
    List<String> env,
    String initMode,
    boolean oneShot,
    Map<String, String> labels,
    String owner,
    RestartPolicy restart,
    Optional<Duration> ttl,
    Optional<Duration> idleStop,
    PortWishes ports,
    NetworkWish network,
    Optional<FirstProgram> program) {
  private static final Duration LEAST_TIME = Duration.ofSeconds(1);
  private static final Duration MOST_TIME = Duration.ofDays(3650);
  private static final int CPU_LIMIT = 64;
  private static final ByteSize MEMORY_LEAST = ByteSize.mib(128);
  private static final ByteSize MEMORY_MOST = ByteSize.gib(1024);
  private static final ByteSize DISK_LEAST = ByteSize.mib(64);
  private static final ByteSize DISK_MOST = ByteSize.gib(1024);
  private static final Set<String> INIT_MODES = Set.of("auto", "system", "agent");
  private static final int ENV_LIMIT = 128 * 1024;

  public VmSpec {
    env = List.copyOf(env);
    labels = Map.copyOf(labels);
  }

  /** What a VM that is there would be asked for as. */
  static VmSpec of(VmRow row) {
    return new VmSpec(
        Optional.of(row.name()),
        row.source().image(),
        Optional.of(row.source().kernel()),
        row.shape().cpus(),
        row.shape().memory(),
        row.shape().disk(),
        row.env(),
        row.initMode(),
        row.oneShot(),
        row.labels(),
        row.owner(),
        row.policy().restart(),
        row.policy().ttl(),
        row.policy().idleStop(),
        PortWishes.NONE,
        NetworkWish.NONE,
        Optional.empty());
  }

  /** Refuses what cannot work, before anything is made. */
  void check() throws BangerException {
    if (cpus < 1 || cpus > CPU_LIMIT) {
      throw bad("cannot give a VM " + cpus + " CPUs", "choose 1 to " + CPU_LIMIT);
    }
    within("memory", memory, MEMORY_LEAST, MEMORY_MOST);
    within("disk", disk, DISK_LEAST, DISK_MOST);
    if (!INIT_MODES.contains(initMode)) {
      throw bad("there is no init mode '" + initMode + "'", "choose auto, system or agent");
    }
    checkPolicy();
    int length = 0;
    for (String variable : env) {
      length += variable.length();
      if (variable.indexOf('=') < 1
          || variable.indexOf('\0') >= 0
          || variable.indexOf('\u001e') >= 0) {
        throw bad("'" + variable + "' is no environment variable", "write NAME=VALUE");
      }
    }
    if (length > ENV_LIMIT) {
      throw bad("the environment has " + length + " characters", "stay below " + ENV_LIMIT);
    }
    for (Map.Entry<String, String> label : labels.entrySet()) {
      if (!label.getKey().matches("[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
          || label.getValue().length() > 255
          || label.getValue().chars().anyMatch(Character::isISOControl)) {
        throw bad(
            "'" + label.getKey() + "' is no label", "write NAME=VALUE, letters, digits and ._/-");
      }
    }
  }

  private void checkPolicy() throws BangerException {
    if (oneShot && (!restart.equals(RestartPolicy.NEVER) || idleStop.isPresent())) {
      throw bad(
          "a VM that goes with its command cannot have a restart policy or an idle stop",
          "give it a --name, so that it stays");
    }
    within("a lifetime", ttl);
    within("an idle time", idleStop);
  }

  private static void within(String what, Optional<Duration> time) throws BangerException {
    if (time.isPresent()
        && (time.get().compareTo(LEAST_TIME) < 0 || time.get().compareTo(MOST_TIME) > 0)) {
      throw bad(
          "cannot give a VM " + what + " of " + Durations.text(time.get()),
          "choose " + Durations.text(LEAST_TIME) + " to " + Durations.text(MOST_TIME));
    }
  }

  /** What its supervisor goes by; lifetimes begin now. */
  VmRow.Policy policy(Instant now) {
    return new VmRow.Policy(restart, ttl, ttl.map(now::plus), idleStop);
  }

  private static void within(String what, ByteSize size, ByteSize least, ByteSize most)
      throws BangerException {
    if (size.compareTo(least) < 0 || size.compareTo(most) > 0) {
      throw bad("cannot give a VM " + size + " of " + what, "choose " + least + " to " + most);
    }
  }

  private static BangerException bad(String tried, String hint) {
    return new BangerException(ErrorCode.INVALID, tried, hint);
  }
}
