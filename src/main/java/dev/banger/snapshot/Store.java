package dev.banger.snapshot;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The file that holds a VM's changed blocks. All of it has its place on the host's disk before it
 * is written: a full host can never make a write to it fail, which would cost the whole disk. Zeros
 * are an empty store; the kernel makes it one.
 */
public record Store(Path file) {
  /** Sizes are whole units of this. */
  static final ByteSize UNIT = ByteSize.mib(1);

  /** What a block's place in the store takes there. */
  private static final int RECORD = 16;

  /** Where a store grows until it is whole. */
  private static final String UNFINISHED = ".new-";

  public boolean exists() {
    return Files.exists(file);
  }

  public ByteSize size() throws BangerException {
    try {
      return new ByteSize(Files.size(file));
    } catch (IOException e) {
      throw failure("cannot look at " + file, e);
    }
  }

  /** One of this size can hold all blocks of such a disk, and what is to be remembered of them. */
  static ByteSize most(ByteSize disk) {
    long chunk = Tables.CHUNK.bytes();
    long chunks = Math.ceilDiv(disk.bytes(), chunk);
    long areas = Math.ceilDiv(chunks, chunk / RECORD);
    return new ByteSize((1 + chunks + areas + 1) * chunk).roundUp(UNIT);
  }

  /** An empty store; it appears whole, or not at all. */
  void make(ByteSize size, Steps steps) throws BangerException, InterruptedException {
    Path beside = file.resolveSibling(UNFINISHED + file.getFileName());
    steps.take(
        Step.of(StepKind.SYSTEM_DISK, steps.owner(), beside),
        () -> {
          try {
            Files.deleteIfExists(beside);
            Files.createFile(beside);
            new Store(beside).extend(size.roundUp(UNIT));
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
          } catch (IOException e) {
            throw failure("cannot make " + file, e);
          }
        });
  }

  /** Makes it larger, whole or not at all. */
  void extend(ByteSize size) throws BangerException {
    try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long before = open.size();
      if (before >= size.bytes()) {
        return;
      }
      boolean done = false;
      try {
        reserve(before, size.bytes() - before);
        int _ = open.write(ByteBuffer.allocate(1), size.bytes() - 1);
        done = true;
      } finally {
        if (!done) {
          var _ = open.truncate(before); // gives back what was reserved behind the end
        }
      }
    } catch (IOException e) {
      throw failure("cannot enlarge " + file + " to " + size, e);
    }
  }

  private void reserve(long from, long length) throws IOException {
    int descriptor = FileCalls.open(file, FileCalls.O_RDWR);
    try {
      FileCalls.reserve(descriptor, from, length);
    } catch (SystemCallException e) {
      if (e.errno() != SystemCallException.EOPNOTSUPP) {
        throw e;
      }
    } finally {
      ProcessCalls.close(descriptor);
    }
  }

  private static BangerException failure(String tried, IOException why) {
    boolean full =
        why instanceof SystemCallException call && call.errno() == SystemCallException.ENOSPC;
    return new BangerException(
        full ? ErrorCode.NO_SPACE : ErrorCode.INTERNAL,
        tried,
        full ? "free some room: `banger df` shows what there is to drop" : "see the cause",
        why);
  }
}
