package dev.banger.vmm;

import java.time.Instant;

/**
 * How a VMM ended.
 *
 * @param detail more for people: a status, a signal, the VMM's last words; may be empty
 * @param time when it was seen; when nobody saw it, when it was found
 */
public record VmmExit(Reason reason, String detail, Instant time) {
  /** What ended it. */
  public enum Reason {
    GUEST_POWERED_OFF("the guest powered off"),
    GUEST_REBOOTED("the guest rebooted"),
    GUEST_PANICKED("the guest's kernel panicked"),
    QUIT("the VMM was asked to quit"),
    KILLED("the VMM was killed"),
    CRASHED("the VMM failed"),
    HOST_RESTARTED("the host was restarted");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }

  /** For people. */
  @Override
  public String toString() {
    return detail.isEmpty() ? reason.text : reason.text + ": " + detail;
  }
}
