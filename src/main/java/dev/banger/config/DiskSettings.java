package dev.banger.config;

import dev.banger.model.ByteSize;

/**
 * {@code [disks]}.
 *
 * @param driver what system disks are made as
 * @param reserve how much of a snapshot's store is kept free for what its guest writes next
 */
public record DiskSettings(Driver driver, ByteSize reserve) {
  /** How a VM's changes lie over its image. */
  public enum Driver {
    /** A snapshot where the host lets us make one, else an overlay. */
    AUTO,
    /** A snapshot of the device mapper: root only. */
    DM_SNAPSHOT,
    /** Two disks that the guest joins: no right on the host is needed. */
    OVERLAY
  }

  /** Less would be full before anybody can look. */
  static final ByteSize LEAST_RESERVE = ByteSize.mib(16);

  static DiskSettings defaults() {
    return new DiskSettings(Driver.AUTO, ByteSize.mib(256));
  }
}
