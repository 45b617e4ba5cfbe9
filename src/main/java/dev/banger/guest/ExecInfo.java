package dev.banger.guest;

import java.util.List;

/** An exec that the guest holds; attach again from the acknowledged offsets. */
public record ExecInfo(
    ExecId id,
    long pid,
    boolean ended,
    boolean terminal,
    List<String> argv,
    long stdoutAcknowledged,
    long stderrAcknowledged) {
  static ExecInfo read(WireReader in) throws MalformedException {
    return new ExecInfo(
        ExecId.read(in), in.u32(), in.choice(2) == 1, in.bool(), in.strings(), in.u64(), in.u64());
  }
}
