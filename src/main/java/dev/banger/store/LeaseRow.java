package dev.banger.store;

import dev.banger.model.VmId;

/**
 * What a VM has in bridge mode until it is deleted.
 *
 * @param slot the number of its addresses
 * @param tap its network device on the host; empty: none now
 * @param nat whether its packets leave under the host's address
 * @param network the named network that it belongs to; empty: none
 * @param egress where its packets may go, as written down
 * @param egressMode what becomes of the others: enforce, audit or learn
 */
public record LeaseRow(
    VmId vm, int slot, String tap, boolean nat, String network, String egress, String egressMode) {
  public LeaseRow withTap(String now) {
    return new LeaseRow(vm, slot, now, nat, network, egress, egressMode);
  }

  public LeaseRow withRules(boolean natNow, String networkNow) {
    return new LeaseRow(vm, slot, tap, natNow, networkNow, egress, egressMode);
  }

  public LeaseRow withEgress(String list, String mode) {
    return new LeaseRow(vm, slot, tap, nat, network, list, mode);
  }

  LeaseRow withSlot(int now) {
    return new LeaseRow(vm, now, tap, nat, network, egress, egressMode);
  }
}
