package dev.banger.guest.ssh;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestExec;
import dev.banger.guest.GuestListener;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent of a connection's client, for the guest: one socket there, of the user who logged in.
 * Only for a VM whose owner allows it, and only the keys that he named.
 */
final class AgentForward {
  private static final Logger LOG = LoggerFactory.getLogger(AgentForward.class);
  private static final AttributeKey<AgentForward> KEY = new AttributeKey<>();
  private static final int RANDOM = 16;
  private static final String ROOT = "root";

  private final Session session;
  private final SshTarget target;
  private final SecureRandom random = new SecureRandom();
  private final LeafLock lock = new LeafLock("ssh agent");
  private volatile @Nullable ConnectionService service;
  private @Nullable String made;

  private AgentForward(Session session, SshTarget target) {
    this.session = session;
    this.target = target;
  }

  static AgentForward of(Session session) {
    AgentForward known = session.getAttribute(KEY);
    if (known == null) {
      known = new AgentForward(session, SshEndpoint.target(session));
      session.setAttribute(KEY, known);
    }
    return known;
  }

  /** The client offers it. False when the VM may not have it. */
  boolean wish(ConnectionService through) {
    if (target.agentKeys().isEmpty()) {
      LOG.info(
          "vm={} may use no key of an agent: authorization.agents in config.toml allows it",
          target.name());
      return false;
    }
    service = through;
    return true;
  }

  /** Where the guest finds it; empty when it was not asked for, or cannot be. */
  Optional<String> socket(String user) throws BangerException, InterruptedException {
    ConnectionService through = service;
    if (through == null) {
      return Optional.empty();
    }
    lock.lock();
    try {
      if (made != null) {
        return Optional.of(made);
      }
    } finally {
      lock.unlock();
    }
    String path = "/run/banger-agent-" + HexFormat.of().formatHex(name());
    Guest guest = target.guest();
    GuestListener listener = guest.listen(new GuestAddress.Unix(path));
    session.addCloseFutureListener(_ -> listener.close());
    if (!user.isEmpty() && !user.equals(ROOT) && !own(guest, path, user)) {
      LOG.info("vm={} has no chown: {} gets no agent", target.name(), user);
      listener.close();
      return Optional.empty();
    }
    GuestForwards.accept(
        listener,
        incoming ->
            AgentChannel.open(through, incoming.stream(), new AgentFilter(target.agentKeys())));
    lock.lock();
    try {
      made = path;
    } finally {
      lock.unlock();
    }
    return Optional.of(path);
  }

  private byte[] name() {
    byte[] bytes = new byte[RANDOM];
    random.nextBytes(bytes);
    return bytes;
  }

  private static boolean own(Guest guest, String path, String user)
      throws BangerException, InterruptedException {
    ExecStart start =
        guest.exec(ExecSpec.of("chown", user.split(":", 2)[0], path).user("0").build());
    if (!(start instanceof ExecStart.Started(GuestExec exec))) {
      return false;
    }
    try (exec) {
      boolean done = exec.awaitEnd().exitStatus() == 0;
      exec.forget(false);
      return done;
    }
  }
}
