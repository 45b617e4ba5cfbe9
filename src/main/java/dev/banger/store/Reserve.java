package dev.banger.store;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Room on the disk for what must be written when the disk is full: a file beside the database that
 * is given up piece by piece, and taken back when there is room again. For the database's thread.
 */
final class Reserve {
  /** What all events that are kept take, and no more than that. */
  static final long SIZE = 2L << 20;

  /** Small, so that others who write to the full disk find little. */
  static final int PIECE = 16 << 10;

  /** So much more must be free: to take it back must not fill the disk once more. */
  private static final long FREE_BESIDE = 3 * SIZE;

  private static final Logger LOG = LoggerFactory.getLogger(Reserve.class);

  private final Path file;
  private final File disk;
  private long held;
  private boolean failing;

  private Reserve(Path file, long held) {
    this.file = file;
    this.disk = file.toAbsolutePath().resolveSibling(".").toFile();
    this.held = held;
  }

  /** Of this database, as it was left by whoever had it open before. */
  static Reserve of(Path database) throws IOException {
    Path file = file(database);
    try {
      return new Reserve(file, Math.min(SIZE, Files.size(file)));
    } catch (NoSuchFileException e) {
      return new Reserve(file, 0);
    }
  }

  static Path file(Path database) {
    return database.resolveSibling(database.getFileName() + ".reserve");
  }

  boolean isWhole() {
    return held == SIZE;
  }

  /** Frees a piece on the disk; false when there is none left. */
  boolean giveUp() {
    if (held == 0) {
      return false;
    }
    LOG.atLevel(isWhole() || held <= PIECE ? Level.WARN : Level.DEBUG)
        .log("the disk is full: {} of {} reserved bytes are given up in {}", PIECE, held, file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long there = Math.min(held, channel.size());
      held = Math.max(0, there - PIECE);
      FileChannel _ = channel.truncate(held);
      return there > 0;
    } catch (IOException e) {
      held = 0;
      LOG.warn("cannot give up " + file, e);
      return false;
    }
  }

  /** Frees so many pieces that the disk takes so much; false when it does not. */
  boolean makeRoom(int bytes) {
    if (disk.getUsableSpace() > FREE_BESIDE) {
      return true;
    }
    while (!takes(bytes)) {
      if (!giveUp()) {
        return false;
      }
    }
    return true;
  }

  /** By trial: figures of a nearly full disk do not say who may have the last of it. */
  private boolean takes(int bytes) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      try {
        write(channel, held + bytes);
        return true;
      } finally {
        FileChannel _ = channel.truncate(held);
      }
    } catch (IOException e) {
      LOG.debug("the disk does not take {} bytes more", bytes, e);
      return false;
    }
  }

  /** Makes it whole when there is room for that; never fails. */
  void takeBack() {
    if (isWhole() || disk.getUsableSpace() < SIZE - held + FREE_BESIDE) {
      return;
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      write(channel, SIZE);
      held = SIZE;
      failing = false;
      LOG.info("{} bytes are reserved in {}", held, file);
    } catch (IOException e) {
      if (!failing) {
        LOG.warn("cannot reserve room in " + file, e);
      }
      failing = true;
    }
  }

  /** Makes the file so long, with noise: some file systems keep no room for zeros. */
  private void write(FileChannel channel, long length) throws IOException {
    byte[] noise = new byte[PIECE];
    SplittableRandom random = new SplittableRandom(held);
    FileChannel _ = channel.position(held);
    for (long left = length - held; left > 0; ) {
      random.nextBytes(noise);
      ByteBuffer piece = ByteBuffer.wrap(noise, 0, (int) Math.min(PIECE, left));
      while (piece.hasRemaining()) {
        left -= channel.write(piece);
      }
    }
  }
}
