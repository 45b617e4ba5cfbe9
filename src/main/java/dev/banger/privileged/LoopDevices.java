package dev.banger.privileged;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.LoopCalls;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Loop devices by file. Each clears itself when the last that has it open closes it, so that a
 * daemon which dies leaves none: it lives as long as the device-mapper device that stands on it.
 * Read-only ones go through the host's page cache, which all VMs of an image share; others past it.
 */
final class LoopDevices {
  static final Path CONTROL = Path.of("/dev/loop-control");
  private static final Path BLOCKS = Path.of("/sys/block");
  private static final Path DEVICES = Path.of("/dev");
  private static final int TRIES = 100;

  /** Two that want the same file get the same device. */
  private final LeafLock lock = new LeafLock("loop devices");

  BlockDevices.FileDevice ofFile(Path file, boolean readOnly) throws BangerException {
    lock.lock();
    try {
      Path real = file.toRealPath();
      Optional<Loop> there = find(real, readOnly);
      return there.isPresent() ? there.get() : make(real, readOnly);
    } catch (IOException e) {
      throw failure("cannot make a block device of " + file, e);
    } finally {
      lock.unlock();
    }
  }

  int count(Path file) throws BangerException {
    try {
      return withFile(file.toRealPath()).size();
    } catch (IOException e) {
      throw failure("cannot look for the block devices of " + file, e);
    }
  }

  private static BangerException failure(String tried, IOException why) {
    if (why instanceof SystemCallException call && call.errno() == SystemCallException.ENOTTY) {
      return new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          tried + ": this kernel's loop devices are too old",
          "Linux 5.8 or later is needed; or set disks.driver = \"overlay\"",
          why);
    }
    return new BangerException(
        ErrorCode.HOST_UNSUPPORTED,
        tried,
        "see that it is there, and that root may open /dev/loop-control (in a container: that the"
            + " container has it)",
        why);
  }

  /** Devices whose file is called so; it may be another file by now. */
  private static List<Path> withFile(Path real) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(BLOCKS)) {
      for (Path block : all.toList()) {
        String name = block.getFileName().toString();
        if (name.startsWith("loop") && real.toString().equals(behind(block))) {
          found.add(DEVICES.resolve(name));
        }
      }
    }
    return found;
  }

  private static String behind(Path block) throws IOException {
    try {
      String line = Files.readString(block.resolve("loop/backing_file"), StandardCharsets.UTF_8);
      return line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
    } catch (NoSuchFileException e) {
      return ""; // it has none, or has just let go of it
    } catch (IOException e) {
      return "";
    }
  }

  /** One that is opened with this very file behind it keeps it. */
  private static Optional<Loop> find(Path real, boolean readOnly) throws IOException {
    for (Path device : withFile(real)) {
      int descriptor;
      try {
        descriptor = open(device, readOnly);
      } catch (SystemCallException e) {
        continue; // it went at this moment
      }
      boolean taken = false;
      try {
        LoopCalls.Status status = LoopCalls.status(descriptor);
        taken =
            status.inode() == number(real, "unix:ino")
                && status.device() == number(real, "unix:dev")
                && status.has(LoopCalls.AUTOCLEAR)
                && status.has(LoopCalls.READ_ONLY) == readOnly;
        if (taken) {
          return Optional.of(new Loop(device, descriptor, status.has(LoopCalls.DIRECT_IO)));
        }
      } catch (SystemCallException e) {
        taken = false; // it has let go of its file
      } finally {
        if (!taken) {
          ProcessCalls.close(descriptor);
        }
      }
    }
    return Optional.empty();
  }

  private static long number(Path file, String attribute) throws IOException {
    return ((Number) Files.getAttribute(file, attribute)).longValue();
  }

  private static int open(Path path, boolean readOnly) throws SystemCallException {
    return FileCalls.open(path, readOnly ? FileCalls.O_RDONLY : FileCalls.O_RDWR);
  }

  private static Loop make(Path real, boolean readOnly) throws IOException {
    int file = open(real, readOnly);
    try {
      int control = FileCalls.open(CONTROL, FileCalls.O_RDWR);
      try {
        for (int i = 0; i < TRIES; i++) {
          Path device = DEVICES.resolve("loop" + LoopCalls.free(control));
          Optional<Loop> made = configure(device, file, real, readOnly);
          if (made.isPresent()) {
            return made.get();
          }
        }
      } finally {
        ProcessCalls.close(control);
      }
    } finally {
      ProcessCalls.close(file);
    }
    throw new IOException(
        "other programs took every loop device that was free, " + TRIES + " times");
  }

  /** Empty: another program was quicker. */
  private static Optional<Loop> configure(Path device, int file, Path real, boolean readOnly)
      throws IOException {
    int flags = LoopCalls.AUTOCLEAR | (readOnly ? LoopCalls.READ_ONLY : LoopCalls.DIRECT_IO);
    int descriptor = open(device, readOnly);
    OptionalInt kept = OptionalInt.empty();
    try {
      LoopCalls.configure(descriptor, file, real.toString(), flags);
      boolean direct = LoopCalls.status(descriptor).has(LoopCalls.DIRECT_IO);
      kept = OptionalInt.of(descriptor);
      return Optional.of(new Loop(device, descriptor, direct));
    } catch (SystemCallException e) {
      if (e.errno() == SystemCallException.EBUSY) {
        return Optional.empty();
      }
      throw e;
    } finally {
      if (kept.isEmpty()) {
        ProcessCalls.close(descriptor);
      }
    }
  }

  /** Held open. */
  private record Loop(Path path, int descriptor, boolean isDirect)
      implements BlockDevices.FileDevice {
    @Override
    public void takeCapacity() throws BangerException {
      try {
        LoopCalls.takeCapacity(descriptor);
      } catch (SystemCallException e) {
        throw failure("cannot enlarge " + path, e);
      }
    }

    @Override
    public void close() throws BangerException {
      try {
        ProcessCalls.close(descriptor);
      } catch (SystemCallException e) {
        throw failure("cannot close " + path, e);
      }
    }
  }
}
