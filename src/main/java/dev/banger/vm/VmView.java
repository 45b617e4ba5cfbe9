package dev.banger.vm;

import dev.banger.store.LeaseRow;
import dev.banger.store.PublicationRow;
import dev.banger.store.VmRow;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A VM as it was made, and as it is now.
 *
 * @param since when it came to be so
 * @param running what it has while it runs; differs from the row's when that was changed since
 * @param network empty: it has had none yet, or there is no bridge
 * @param loopback empty: it is on the bridge
 * @param published ports of its guest on addresses of the host
 */
public record VmView(
    VmRow row,
    VmState state,
    Instant since,
    Optional<VmRow.Shape> running,
    List<PublicationRow> published,
    Optional<Network> network,
    Optional<Loopback> loopback) {
  /**
   * What it has of the bridge.
   *
   * @param addresses IPv4 first
   */
  public record Network(LeaseRow lease, List<InetAddress> addresses) {}

  /**
   * What it has of the user network.
   *
   * @param address of this host's loopback, its own
   * @param by qemu or passt; empty: it does not run
   */
  public record Loopback(String address, Optional<String> by) {}
}
