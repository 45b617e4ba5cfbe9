package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.nio.file.Path;

/** A disk of a VM's own that is made. */
public interface VmDisk {
  /** system or work. */
  String name();

  /** As the VMM was given it. */
  Path place() throws BangerException;

  /** What the guest sees of it, or will see. */
  ByteSize size() throws BangerException;

  /** What it takes of the host. */
  ByteSize allocated() throws BangerException;

  /** What is to be said about it; mostly empty. */
  default String note() throws BangerException {
    return "";
  }

  /** Whether the VMM or the host must still be told of this size. */
  boolean isSmallerThan(ByteSize wanted) throws BangerException;

  /** On the host, before the VMM is told; it may be the VMM that does it. */
  default void enlarge(ByteSize wanted) throws BangerException {}

  /** Its file system grows to its device; returns when it has this size. */
  ByteSize growInside(Guest guest, ByteSize wanted) throws BangerException, InterruptedException;
}
