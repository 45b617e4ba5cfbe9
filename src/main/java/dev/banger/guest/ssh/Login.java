package dev.banger.guest.ssh;

import dev.banger.guest.GuestError;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;

/**
 * Whom a connection acts as in the guest: the user that the client names when the guest knows one
 * of this name, else the VM's own. Nobody keeps a list: the guest says so at the first request.
 */
final class Login {
  /** The name that the configuration of {@link ClientFiles} sends: the VM's own user. */
  static final String OWN = "banger";

  private static final String NAME = "[A-Za-z_][A-Za-z0-9_.-]{0,31}";

  private final String own;
  private volatile String user;

  Login(String named, String own) {
    this.own = own;
    this.user = named.equals(OWN) || !named.matches(NAME) ? own : named;
  }

  /** Something that is asked of the guest as a user. */
  interface Attempt<T> {
    T as(String user) throws BangerException, InterruptedException;
  }

  <T> T attempt(Attempt<T> attempt) throws BangerException, InterruptedException {
    String first = user;
    try {
      return attempt.as(first);
    } catch (BangerException e) {
      if (first.equals(own) || !isUnknown(e)) {
        throw e;
      }
      user = own;
      return attempt.as(own);
    }
  }

  /** Once something was asked: whom it was asked as; empty: root. */
  String user() {
    return user;
  }

  private static boolean isUnknown(BangerException e) {
    return e.code() == ErrorCode.NOT_FOUND
        && e.getCause() instanceof GuestError error
        && error.errno() == 0;
  }
}
