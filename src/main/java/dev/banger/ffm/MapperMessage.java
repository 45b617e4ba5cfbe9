package dev.banger.ffm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.banger.ffm.DeviceMapper.Target;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What is told to the device mapper, and what it answers in the same place: {@code struct dm_ioctl}
 * and what follows it (the kernel's linux/dm-ioctl.h). Its data begins at a multiple of eight.
 */
final class MapperMessage {
  /** The structure without its data. */
  static final int HEADER = 312;

  private static final int MAJOR_VERSION = 4;
  private static final long DATA_SIZE = 12;
  private static final long DATA_START = 16;
  private static final long TARGET_COUNT = 20;
  private static final long OPEN_COUNT = 24;
  private static final long FLAGS = 28;
  private static final long DEVICE = 40;
  private static final long NAME = 48;
  private static final int NAME_SIZE = 128;
  private static final long UUID = 176;
  private static final int UUID_SIZE = 129;

  /** {@code struct dm_target_spec}: start, length, status, next, type; its parameters follow. */
  private static final int TARGET = 40;

  private static final long TARGET_NEXT = 20;
  private static final long TARGET_TYPE = 24;
  private static final int TYPE_SIZE = 16;

  private final MemorySegment memory;

  /** About the device of this name; empty: about none. */
  MapperMessage(Arena arena, String name, int dataSize) {
    int size = HEADER + dataSize;
    memory = arena.allocate(size, 8);
    memory.set(JAVA_INT, 0, MAJOR_VERSION);
    memory.set(JAVA_INT, DATA_SIZE, size);
    memory.set(JAVA_INT, DATA_START, HEADER);
    text(NAME, NAME_SIZE, name);
  }

  private void text(long at, int size, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length >= size) {
      throw new IllegalArgumentException("longer than " + (size - 1) + " bytes: " + text);
    }
    MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, at, bytes.length);
  }

  MapperMessage uuid(String uuid) {
    text(UUID, UUID_SIZE, uuid);
    return this;
  }

  MapperMessage flags(int flags) {
    memory.set(JAVA_INT, FLAGS, flags);
    return this;
  }

  /** A table, for a message made with {@link #tableSize} bytes of data. */
  MapperMessage table(List<Target> targets) {
    memory.set(JAVA_INT, TARGET_COUNT, targets.size());
    long at = HEADER;
    for (Target target : targets) {
      int length = length(target);
      memory.set(JAVA_LONG, at, target.start());
      memory.set(JAVA_LONG, at + 8, target.length());
      memory.set(JAVA_INT, at + TARGET_NEXT, length);
      text(at + TARGET_TYPE, TYPE_SIZE, target.type());
      text(at + TARGET, length - TARGET, target.parameters());
      at += length;
    }
    return this;
  }

  static int tableSize(List<Target> targets) {
    return targets.stream().mapToInt(MapperMessage::length).sum();
  }

  private static int length(Target target) {
    return Math.ceilDiv(TARGET + target.parameters().length() + 1, 8) * 8;
  }

  /** A word to the target at this sector, for a message with {@link #wordSize} bytes of data. */
  MapperMessage word(long sector, String word) {
    memory.set(JAVA_LONG, HEADER, sector);
    text(HEADER + 8, wordSize(word) - 8, word);
    return this;
  }

  static int wordSize(String word) {
    return 8 + word.length() + 1;
  }

  /** As the kernel sees it. */
  MemorySegment memory() {
    return memory;
  }

  boolean has(int flag) {
    return (memory.get(JAVA_INT, FLAGS) & flag) != 0;
  }

  String version() {
    return memory.get(JAVA_INT, 0) + "." + memory.get(JAVA_INT, 4) + "." + memory.get(JAVA_INT, 8);
  }

  /** The device's number, as stat(2) gives it. */
  long device() {
    return memory.get(JAVA_LONG, DEVICE);
  }

  int openCount() {
    return memory.get(JAVA_INT, OPEN_COUNT);
  }

  String uuid() {
    return memory.getString(UUID);
  }

  private long data() {
    return memory.get(JAVA_INT, DATA_START);
  }

  /** The answer to a question for the table or its status. */
  List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    int count = memory.get(JAVA_INT, TARGET_COUNT);
    long at = data();
    for (int i = 0; i < count; i++) {
      targets.add(
          new Target(
              memory.get(JAVA_LONG, at),
              memory.get(JAVA_LONG, at + 8),
              memory.getString(at + TARGET_TYPE),
              memory.getString(at + TARGET)));
      at = data() + memory.get(JAVA_INT, at + TARGET_NEXT); // counted from the first one
    }
    return targets;
  }

  /** The answer to a question for all devices: {@code struct dm_name_list}. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    long at = data();
    if (memory.get(JAVA_LONG, at) == 0) {
      return names;
    }
    while (true) {
      names.add(memory.getString(at + 12));
      int next = memory.get(JAVA_INT, at + 8);
      if (next == 0) {
        return names;
      }
      at += next; // counted from this one
    }
  }

  /** The answer to a question for all kinds of targets: {@code struct dm_target_versions}. */
  List<String> kinds() {
    List<String> kinds = new ArrayList<>();
    long at = data();
    while (true) {
      String kind = memory.getString(at + 16);
      if (!kind.isEmpty()) {
        kinds.add(kind);
      }
      int next = memory.get(JAVA_INT, at);
      if (next == 0) {
        return kinds;
      }
      at += next;
    }
  }

  /** The answer to a question for what a device stands on: {@code struct dm_target_deps}. */
  List<Long> dependencies() {
    List<Long> devices = new ArrayList<>();
    int count = memory.get(JAVA_INT, data());
    for (int i = 0; i < count; i++) {
      devices.add(memory.get(JAVA_LONG, data() + 8 + 8L * i));
    }
    return devices;
  }
}
