package dev.banger.guest;

/** What a whole copy moved. */
public record CopyTotals(long entries, long bytes) {
  static CopyTotals read(WireReader in) throws MalformedException {
    return new CopyTotals(in.u64(), in.u64());
  }
}
