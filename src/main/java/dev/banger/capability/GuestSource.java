package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.model.BangerException;

/** The guest of a VM that runs, now: its connection may be lost and made anew at any time. */
@FunctionalInterface
public interface GuestSource {
  /** Waits for a connection, but not for long. */
  Guest get() throws BangerException, InterruptedException;
}
