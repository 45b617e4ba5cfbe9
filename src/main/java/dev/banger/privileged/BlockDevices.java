package dev.banger.privileged;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The host's loop and device-mapper devices, as far as banger makes them. Each method does one
 * thing whole or fails with nothing done. Names of devices are their makers' affair: who makes one
 * sees to it that nobody else has the name.
 */
public interface BlockDevices {
  /** Sizes and places on devices are whole numbers of this. */
  ByteSize SECTOR = new ByteSize(512);

  /** A stretch of a device, in sectors. */
  record Stretch(long start, long length, String type, String parameters) {
    /** As dmsetup(8) writes it. */
    @Override
    public String toString() {
      return (start + " " + length + " " + type + " " + parameters).strip();
    }
  }

  /** A file as a block device: while this or a device above it holds it, and not longer. */
  interface FileDevice extends AutoCloseable {
    Path path();

    /** Whether it goes past the host's page cache. */
    boolean isDirect();

    /** It becomes as large as its file has become. */
    void takeCapacity() throws BangerException;

    @Override
    void close() throws BangerException;
  }

  /** Refused, with the cure, where these targets of the device mapper cannot be had. */
  void require(List<String> targets) throws BangerException, InterruptedException;

  /** The file as a block device: the one that has it already, or another. */
  FileDevice ofFile(Path file, boolean readOnly) throws BangerException;

  /** How many block devices have this file. */
  int countOfFile(Path file) throws BangerException;

  /**
   * Makes a device that works by this table; its path.
   *
   * @param uuid says whose it is; another one has another
   */
  Path create(String name, String uuid, List<Stretch> table, boolean readOnly)
      throws BangerException;

  /** Another table for a device that is in use; what was asked of it before is done first. */
  void exchange(String name, List<Stretch> table, boolean readOnly) throws BangerException;

  /**
   * Removes a device, if it is there. One that is held is waited for a while: programs of the host
   * look into new devices. Then it is an error that says so, and the device is there.
   */
  void remove(String name) throws BangerException, InterruptedException;

  /** Empty: there is none. */
  Optional<Path> path(String name) throws BangerException;

  /** What a device's targets say of themselves; none when there is no such device. */
  List<Stretch> status(String name) throws BangerException;

  /** What a device is made of; none when there is no such device. */
  List<Stretch> table(String name) throws BangerException;

  /** All device-mapper devices whose names begin so; none where there is no device mapper. */
  List<String> names(String prefix) throws BangerException;
}
