package dev.banger.doctor;

import java.util.List;

/** The user network needs nothing, but its reach must be known. */
final class NetworkCheck implements Check {
  @Override
  public String name() {
    return "network";
  }

  @Override
  public List<Finding> run() {
    return List.of(
        Finding.warning(
            name(),
            "user network (QEMU slirp): guests reach the network as this user, and the host's loopback as 10.0.2.2",
            "do not rely on loopback to keep local services from guests you do not trust"));
  }
}
