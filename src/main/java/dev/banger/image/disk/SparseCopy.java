package dev.banger.image.disk;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/**
 * Copies a sparse file at the cost of its data: by sharing the blocks where the file system can,
 * else block by block, holes and zeros left out.
 */
public final class SparseCopy {
  private static final int BLOCK = 4096;
  private static final int BUFFER = 256 * BLOCK;
  private static final ByteBuffer ZEROS = ByteBuffer.allocate(BLOCK).asReadOnlyBuffer();

  private SparseCopy() {}

  /**
   * The target must not exist, and is seen only when it is whole; a failure leaves none. Not
   * written to the disk yet.
   */
  static void copy(Path source, Path target) throws IOException {
    copy(source, target, read -> {});
  }

  /**
   * As {@link #copy(Path, Path)}.
   *
   * @param read told now and then up to where the source was read
   */
  static void copy(Path source, Path target, LongConsumer read) throws IOException {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    Path beside = beside(target);
    int from = FileCalls.open(source, FileCalls.O_RDONLY);
    try {
      Files.deleteIfExists(beside); // of a copy that was killed
      Files.createFile(beside);
      if (!share(from, beside)) {
        copyData(source, from, beside, read);
      }
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      ProcessCalls.close(from);
      Files.deleteIfExists(beside);
    }
  }

  /** Where the copy grows until it is whole. */
  static Path beside(Path target) {
    return target.resolveSibling(Publication.PREFIX + target.getFileName());
  }

  private static boolean share(int from, Path target) throws IOException {
    int to = FileCalls.open(target, FileCalls.O_RDWR);
    try {
      FileCalls.ficlone(to, from);
      return true;
    } catch (SystemCallException e) {
      return false; // ext4 and tmpfs cannot; a real error shows when the data is copied
    } finally {
      ProcessCalls.close(to);
    }
  }

  private static void copyData(Path source, int from, Path target, LongConsumer read)
      throws IOException {
    try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ);
        RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw");
        FileChannel out = file.getChannel()) {
      long size = in.size();
      file.setLength(size);
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
      long end = 0;
      for (long start = data(from, end); start >= 0; start = data(from, end)) {
        end = Math.min(size, FileCalls.lseek(from, start, FileCalls.SEEK_HOLE));
        for (long at = start; at < end; at += buffer.limit()) {
          buffer.clear().limit((int) Math.min(BUFFER, end - at));
          readFully(in, buffer, at);
          writeData(out, buffer, at);
          read.accept(at + buffer.limit());
        }
      }
    }
  }

  /**
   * Makes a file of a stream, blocks of zeros as holes. The target must not exist; a failure leaves
   * what was written.
   *
   * @param written told now and then how far it is
   */
  public static void fill(InputStream content, Path target, LongConsumer written)
      throws IOException {
    try (FileChannel out =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] bytes = new byte[BUFFER];
      long at = 0;
      for (int count = content.readNBytes(bytes, 0, BUFFER);
          count > 0;
          count = content.readNBytes(bytes, 0, BUFFER)) {
        writeData(out, ByteBuffer.wrap(bytes, 0, count), at);
        at += count;
        written.accept(at);
      }
      if (out.size() < at) {
        write(out, ByteBuffer.allocate(1), 0, 1, at - 1);
      }
    }
  }

  /** Where the next data begins; -1 when there is none. */
  private static long data(int descriptor, long offset) throws SystemCallException {
    try {
      return FileCalls.lseek(descriptor, offset, FileCalls.SEEK_DATA);
    } catch (SystemCallException e) {
      if (e.errno() == SystemCallException.ENXIO) {
        return -1;
      }
      throw e;
    }
  }

  private static void readFully(FileChannel in, ByteBuffer buffer, long at) throws IOException {
    while (buffer.hasRemaining()) {
      if (in.read(buffer, at + buffer.position()) < 0) {
        throw new IOException("the source became shorter while it was copied");
      }
    }
  }

  /** Runs of blocks that hold something, each in one write. */
  private static void writeData(FileChannel out, ByteBuffer buffer, long at) throws IOException {
    int limit = buffer.limit();
    int run = 0;
    for (int block = 0; block < limit; block += BLOCK) {
      int next = Math.min(limit, block + BLOCK);
      if (isZero(buffer, block, next)) {
        write(out, buffer, run, block, at);
        run = next;
      }
    }
    write(out, buffer, run, limit, at);
  }

  private static boolean isZero(ByteBuffer buffer, int from, int to) {
    return buffer.slice(from, to - from).mismatch(ZEROS.slice(0, to - from)) < 0;
  }

  private static void write(FileChannel out, ByteBuffer buffer, int from, int to, long at)
      throws IOException {
    ByteBuffer part = buffer.duplicate().limit(to).position(from);
    while (part.hasRemaining()) {
      out.write(part, at + part.position());
    }
  }
}
