package dev.banger.privileged;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * A resolver of the host that can be told whom to ask for what. Each method waits for it, for a
 * limited time; belongs to one thread.
 */
public interface HostResolver extends AutoCloseable {
  /** Whether it can be told something now; it may come later. */
  boolean isRunning() throws BangerException;

  /** False: this object hears and says nothing any more. */
  boolean isConnected();

  /**
   * Names of this domain are asked of these servers behind this link, and no other names; the
   * host's own question for a name without a dot goes to nobody there. Replaces what the link had.
   */
  void route(String link, List<InetAddress> servers, String domain) throws BangerException;

  /** Takes all of that back, if the link and the resolver are still there. */
  void revert(String link) throws BangerException;

  @Override
  void close();

  /** How to get one. */
  @FunctionalInterface
  interface Door {
    /**
     * Empty: this host has none.
     *
     * @param news called when it has begun, or when it is connected no longer; must not block
     */
    Optional<HostResolver> open(Runnable news) throws BangerException;
  }
}
