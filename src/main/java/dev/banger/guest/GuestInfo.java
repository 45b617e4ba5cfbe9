package dev.banger.guest;

import java.util.List;

/** Who the agent is and how far it got. */
public record GuestInfo(
    int protocol,
    String agentVersion,
    String kernelRelease,
    String bootId,
    Phase phase,
    InitMode initMode,
    List<Timing> timings) {
  /** How far the guest got. */
  public enum Phase {
    WAITING_FOR_CONFIGURATION,
    APPLYING,
    READY,
    STOPPING
  }

  static GuestInfo read(WireReader in) throws MalformedException {
    return new GuestInfo(
        in.u16(),
        in.string(),
        in.string(),
        in.string(),
        Phase.values()[in.choice(4)],
        InitMode.read(in),
        in.list(Timing::read));
  }
}
