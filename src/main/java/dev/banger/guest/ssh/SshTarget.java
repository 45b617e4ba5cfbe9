package dev.banger.guest.ssh;

import dev.banger.guest.Guest;
import dev.banger.model.VmId;
import java.util.List;
import java.util.Map;

/**
 * The VM that a session is for.
 *
 * @param user whom who names nobody, or nobody whom the guest knows, logs in as; empty: root
 * @param environment what programs get, below what the client sends
 * @param agentKeys fingerprints of the client's agent's keys that the guest may use; {@code *}: all
 *     of them; empty: no agent is forwarded
 */
public record SshTarget(
    VmId vm,
    String name,
    Guest guest,
    String user,
    Map<String, String> environment,
    List<String> agentKeys) {
  public SshTarget {
    environment = Map.copyOf(environment);
    agentKeys = List.copyOf(agentKeys);
  }
}
