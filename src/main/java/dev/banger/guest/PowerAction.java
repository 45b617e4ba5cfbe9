package dev.banger.guest;

/** How the guest ends. */
public enum PowerAction {
  END(0),
  REBOOT(1);

  private final int number;

  PowerAction(int number) {
    this.number = number;
  }

  /** As POWER wants it. */
  int number() {
    return number;
  }
}
