package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.net.NetworkWish;
import dev.banger.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What is to be different about a VM; what is empty stays.
 *
 * @param labels added, or given another value
 * @param unlabel keys of labels that go; none of them need be there
 * @param ttl from now on; zero: it lives on
 * @param idleStop zero: it is not stopped
 * @param network what is wanted of its network, but no other address
 */
public record VmChange(
    Optional<Integer> cpus,
    Optional<ByteSize> memory,
    Optional<ByteSize> disk,
    Optional<RestartPolicy> restart,
    Map<String, String> labels,
    Set<String> unlabel,
    Optional<Duration> ttl,
    Optional<Duration> idleStop,
    NetworkWish network) {
  public VmChange {
    labels = Map.copyOf(labels);
    unlabel = Set.copyOf(unlabel);
  }

  private boolean isEmpty() {
    return cpus.isEmpty()
        && memory.isEmpty()
        && disk.isEmpty()
        && restart.isEmpty()
        && labels.isEmpty()
        && unlabel.isEmpty()
        && ttl.isEmpty()
        && idleStop.isEmpty()
        && network.isEmpty();
  }

  /** Refuses the whole when one field cannot be. */
  void check(VmRow row) throws BangerException {
    if (isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "nothing about " + row.name() + " is to be changed",
          "name what, as --cpus 2; `banger vm set --help` lists all");
    }
    ByteSize now = row.shape().disk();
    if (disk.isPresent() && disk.get().compareTo(now) < 0) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot shrink the disks of "
              + row.name()
              + " from "
              + now
              + " to "
              + disk.get()
              + ": files may lie anywhere on them",
          "make another VM with a smaller disk and copy the files over with `banger vm cp`");
    }
    VmSpec.of(apply(row, Instant.EPOCH)).check();
  }

  /** The row as it is wanted. */
  VmRow apply(VmRow row, Instant now) {
    VmRow.Shape shape = row.shape();
    VmRow.Policy policy = row.policy();
    Optional<Duration> lifetime = ttl.isPresent() ? ttl.filter(Duration::isPositive) : policy.ttl();
    return row.withShape(
            new VmRow.Shape(
                cpus.orElse(shape.cpus()),
                memory.orElse(shape.memory()),
                disk.orElse(shape.disk())))
        .withPolicy(
            new VmRow.Policy(
                restart.orElse(policy.restart()),
                lifetime,
                ttl.isPresent() ? lifetime.map(now::plus) : policy.expires(),
                idleStop.isPresent() ? idleStop.filter(Duration::isPositive) : policy.idleStop()))
        .withLabels(labels(row.labels()));
  }

  private Map<String, String> labels(Map<String, String> before) {
    Map<String, String> after = new TreeMap<>(before);
    after.keySet().removeAll(unlabel);
    after.putAll(labels);
    return after;
  }
}
