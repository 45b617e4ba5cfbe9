package dev.banger.net.dns;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/** Says who may ask for which names, and hears what they are told before they are. */
@FunctionalInterface
public interface Gate {
  /** Everybody may ask for everything. */
  Gate OPEN = _ -> Asker.FREE;

  /** Who asks from this address. */
  Asker asker(InetAddress from) throws BangerException;

  /** Somebody who asks. Names are in small letters, without the dot at their end. */
  interface Asker {
    /** Asks for what it likes; nobody minds. */
    Asker FREE = new Unwatched(true);

    /** Asks for names of VMs, and no others. */
    Asker STRANGER = new Unwatched(false);

    /** Whether a name that is no VM's is looked up. */
    boolean mayAsk(String name) throws BangerException;

    /** Whether {@link #isTold} must be called. */
    boolean isWatched();

    /** Hears of an answer; false: it is not to be given. May wait for the packet filter. */
    boolean isTold(Told told) throws BangerException, InterruptedException;
  }

  /**
   * What somebody is about to be told.
   *
   * @param name that was asked for
   * @param aliases names that the answer says to be the same, in their order
   * @param addresses of the last of them
   * @param lives how long the answer may be relied on
   */
  record Told(String name, List<String> aliases, List<InetAddress> addresses, Duration lives) {}

  /**
   * Somebody of whom nobody hears.
   *
   * @param free whether it may ask for what is no VM's name
   */
  record Unwatched(boolean free) implements Asker {
    @Override
    public boolean mayAsk(String name) {
      return free;
    }

    @Override
    public boolean isWatched() {
      return false;
    }

    @Override
    public boolean isTold(Told told) {
      return true;
    }
  }
}
