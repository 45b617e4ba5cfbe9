package dev.banger.daemon;

import dev.banger.api.StreamApi;
import dev.banger.guest.FileStatus;

/** A guest's file as clients read it. */
final class FileStatuses {
  /** The file type bits of st_mode (inode(7)). */
  private static final int TYPE = 0170000;

  private static final int REGULAR = 0100000;
  private static final int DIRECTORY = 0040000;
  private static final int LINK = 0120000;
  private static final int PERMISSIONS = 07777;

  private FileStatuses() {}

  static StreamApi.FileStatus view(FileStatus status) {
    int mode = status.mode();
    String type =
        switch (mode & TYPE) {
          case REGULAR -> "file";
          case DIRECTORY -> "directory";
          case LINK -> "link";
          default -> "other";
        };
    return new StreamApi.FileStatus(
        type,
        status.isDirectory(),
        mode & PERMISSIONS,
        (int) status.uid(),
        (int) status.gid(),
        status.size(),
        status.target().isEmpty() ? null : status.target());
  }
}
