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
 */
public record LeaseRow(VmId vm, int slot, String tap, boolean nat, String network, String egress) {
  public LeaseRow withTap(String now) {
    return new LeaseRow(vm, slot, now, nat, network, egress);
  }

  public LeaseRow withRules(boolean natNow, String networkNow, String egressNow) {
    return new LeaseRow(vm, slot, tap, natNow, networkNow, egressNow);
  }
}
