package dev.banger.ffm;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The kernel's device mapper, over its control device (the kernel's documentation, "Device Mapper",
 * and linux/dm-ioctl.h). No udev cookies: who calls waits for nobody but the kernel. Calls that
 * wait for the device's requests may last.
 */
public final class DeviceMapper implements AutoCloseable {
  /** Its one door. */
  public static final Path CONTROL = Path.of("/dev/mapper/control");

  private static final long REQUEST = 0xc138fd00L; // _IOWR(0xfd, 0, struct dm_ioctl)
  private static final int LIST = 2;
  private static final int CREATE = 3;
  private static final int REMOVE = 4;
  private static final int SUSPEND = 6;
  private static final int STATE = 7;
  private static final int LOAD = 9;
  private static final int CLEAR = 10;
  private static final int DEPENDENCIES = 11;
  private static final int STATUS = 12;
  private static final int KINDS = 13;
  private static final int MESSAGE = 14;

  private static final int READ_ONLY = 1;
  private static final int SUSPENDED = 1 << 1;
  private static final int TABLE = 1 << 4;
  private static final int BUFFER_FULL = 1 << 8;
  private static final int SKIP_LOCK = 1 << 10;
  private static final int NO_FLUSH = 1 << 11;

  private static final int FIRST_ANSWER = 16 << 10;
  private static final int LARGEST_ANSWER = 4 << 20;

  private final int control;

  private DeviceMapper(int control) {
    this.control = control;
  }

  /** Opens the control device, which on some hosts is what loads the device mapper. */
  public static DeviceMapper open() throws SystemCallException {
    return new DeviceMapper(FileCalls.open(CONTROL, FileCalls.O_RDWR));
  }

  /**
   * A stretch of a device, in sectors of 512 bytes; also what a target says of itself.
   *
   * @param parameters what this kind of target wants, or its status
   */
  public record Target(long start, long length, String type, String parameters) {
    /** As dmsetup(8) writes it. */
    @Override
    public String toString() {
      return (start + " " + length + " " + type + " " + parameters).strip();
    }
  }

  /**
   * A device as it is.
   *
   * @param number as stat(2) gives it
   */
  public record State(long number, String uuid, int openCount, boolean suspended) {
    /** The second part of its number: the N of {@code /dev/dm-N}. */
    public long minor() {
      return (number & 0xff) | ((number >> 12) & ~0xffL);
    }
  }

  private interface Filling {
    MapperMessage fill(MapperMessage message);
  }

  private interface Reading<T> {
    T read(MapperMessage answer);
  }

  private <T> T call(
      String what, int command, String name, int dataSize, Filling filling, Reading<T> reading)
      throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MapperMessage message = filling.fill(new MapperMessage(arena, name, dataSize));
      FileCalls.ioctl(what, control, REQUEST | command, message.memory().address());
      return reading.read(message);
    }
  }

  /** As {@link #call}, with room for an answer of any length. */
  private <T> T ask(String what, int command, String name, int flags, Reading<T> reading)
      throws SystemCallException {
    for (int size = FIRST_ANSWER; ; size *= 4) {
      Optional<T> answer =
          call(
              what,
              command,
              name,
              size,
              message -> message.flags(flags),
              message ->
                  message.has(BUFFER_FULL) ? Optional.empty() : Optional.of(reading.read(message)));
      if (answer.isPresent()) {
        return answer.get();
      }
      if (size >= LARGEST_ANSWER) {
        throw new SystemCallException(what, SystemCallException.ENOBUFS);
      }
    }
  }

  private void tell(String what, int command, String name, int flags) throws SystemCallException {
    boolean _ = call(what, command, name, 0, message -> message.flags(flags), _ -> true);
  }

  /** Makes a device without a table. EBUSY: there is one of this name or UUID. */
  public void create(String name, String uuid) throws SystemCallException {
    boolean _ = call("DM_DEV_CREATE", CREATE, name, 0, message -> message.uuid(uuid), _ -> true);
  }

  /** Gives a device its next table, which holds from {@link #resume} on. */
  public void load(String name, List<Target> table, boolean readOnly) throws SystemCallException {
    boolean _ =
        call(
            "DM_TABLE_LOAD",
            LOAD,
            name,
            MapperMessage.tableSize(table),
            message -> message.flags(readOnly ? READ_ONLY : 0).table(table),
            _ -> true);
  }

  /** Takes back what {@link #load} gave. */
  public void clear(String name) throws SystemCallException {
    tell("DM_TABLE_CLEAR", CLEAR, name, 0);
  }

  /**
   * Holds up what is asked of the device.
   *
   * @param flush what was asked before is done first
   */
  public void suspend(String name, boolean flush) throws SystemCallException {
    tell("DM_DEV_SUSPEND", SUSPEND, name, SUSPENDED | SKIP_LOCK | (flush ? 0 : NO_FLUSH));
  }

  /** Lets the device work, by its next table if it has one. */
  public void resume(String name) throws SystemCallException {
    tell("DM_DEV_SUSPEND", SUSPEND, name, 0);
  }

  /** ENXIO: there is none; EBUSY: somebody has it open. */
  public void remove(String name) throws SystemCallException {
    tell("DM_DEV_REMOVE", REMOVE, name, 0);
  }

  /** Empty: there is none of this name. */
  public Optional<State> state(String name) throws SystemCallException {
    try {
      return Optional.of(
          call(
              "DM_DEV_STATUS",
              STATE,
              name,
              0,
              message -> message,
              m -> new State(m.device(), m.uuid(), m.openCount(), m.has(SUSPENDED))));
    } catch (SystemCallException e) {
      if (e.errno() == SystemCallException.ENXIO) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What its targets say of themselves; what was asked of the device before is not waited for. */
  public List<Target> status(String name) throws SystemCallException {
    return ask("DM_TABLE_STATUS", STATUS, name, NO_FLUSH, MapperMessage::targets);
  }

  public List<Target> table(String name) throws SystemCallException {
    return ask("DM_TABLE_STATUS", STATUS, name, TABLE | NO_FLUSH, MapperMessage::targets);
  }

  /** The numbers of the devices that it stands on. */
  public List<Long> dependencies(String name) throws SystemCallException {
    return ask("DM_TABLE_DEPS", DEPENDENCIES, name, 0, MapperMessage::dependencies);
  }

  /** Tells something to the target at this sector. */
  public void message(String name, long sector, String word) throws SystemCallException {
    boolean _ =
        call(
            "DM_TARGET_MSG",
            MESSAGE,
            name,
            MapperMessage.wordSize(word),
            message -> message.word(sector, word),
            _ -> true);
  }

  /** The names of all devices. */
  public List<String> list() throws SystemCallException {
    return ask("DM_LIST_DEVICES", LIST, "", 0, MapperMessage::names);
  }

  /** The kinds of targets that the kernel has now; others are modules that are not loaded. */
  public List<String> kinds() throws SystemCallException {
    return ask("DM_LIST_VERSIONS", KINDS, "", 0, MapperMessage::kinds);
  }

  @Override
  public void close() throws SystemCallException {
    ProcessCalls.close(control);
  }
}
