package dev.banger.guest;

import java.time.Instant;

/** What stat(2) or lstat(2) says; {@code target} is a symlink's, else empty. */
public record FileStatus(
    int mode, long uid, long gid, long size, Instant modified, String target, boolean isDirectory) {
  static FileStatus read(WireReader in) throws MalformedException {
    return new FileStatus(
        (int) in.u32(),
        in.u32(),
        in.u32(),
        in.u64(),
        Instant.EPOCH.plusNanos(in.i64()),
        in.string(),
        in.bool());
  }
}
