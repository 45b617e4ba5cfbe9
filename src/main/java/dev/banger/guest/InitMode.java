package dev.banger.guest;

/** Who is process 1 of the guest. */
public enum InitMode {
  /** Asked for: SYSTEM where the image has an init, else AGENT. Reported: none chosen yet. */
  AUTO(0),
  /** The image's own init. */
  SYSTEM(1),
  /** banger's agent. */
  AGENT(2);

  private final int number;

  InitMode(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  static InitMode read(WireReader in) throws MalformedException {
    return values()[in.choice(3)];
  }
}
