package dev.banger.image.oci;

import dev.banger.image.layer.TarIndex;
import dev.banger.model.PieceInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;

/**
 * Files in a tar file. One that is compressed is expanded first, into a file without a name: it is
 * gone with the last who has it open, also when that is killed.
 */
final class ArchiveFiles implements LayoutFiles {
  private static final int BUFFER = 128 << 10;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final FileChannel file;
  private final TarIndex index;

  private ArchiveFiles(FileChannel file) throws IOException {
    this.file = file;
    this.index = TarIndex.read(file);
  }

  /**
   * @param scratch a directory for the expanded file
   */
  static ArchiveFiles open(Path archive, Path scratch, LayerLimits limits) throws IOException {
    if (!Files.exists(archive)) {
      throw new NoSuchFileException(archive.toString());
    }
    if (!Files.isRegularFile(archive)) {
      throw new MalformedException(archive + " is no regular file");
    }
    FileChannel file;
    try (InputStream stored = Files.newInputStream(archive);
        InputStream plain = Compression.plain(stored)) {
      file =
          plain instanceof BufferedInputStream
              ? FileChannel.open(archive, StandardOpenOption.READ)
              : expanded(plain, Files.size(archive), scratch, limits);
    }
    try {
      return new ArchiveFiles(file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static FileChannel expanded(
      InputStream plain, long compressed, Path scratch, LayerLimits limits) throws IOException {
    Files.createDirectories(scratch);
    FileChannel file =
        FileChannel.open(
            scratch.resolve("archive-" + Long.toHexString(RANDOM.nextLong())),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE); // Which unlinks it at once.
    try {
      byte[] buffer = new byte[BUFFER];
      long position = 0;
      for (int count = plain.read(buffer); count >= 0; count = plain.read(buffer)) {
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
        while (bytes.hasRemaining()) {
          position += file.write(bytes, position);
        }
        limits.check(position, compressed);
      }
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public long size(String name) throws IOException {
    return index.find(name).size();
  }

  @Override
  public InputStream open(String name) throws IOException {
    return new Slice(file, index.find(name));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /** One file in the archive; several may be read at once. */
  private static final class Slice extends PieceInputStream {
    private final FileChannel file;
    private final long end;
    private long position;

    Slice(FileChannel file, TarIndex.Extent extent) {
      this.file = file;
      this.position = extent.offset();
      this.end = extent.offset() + extent.size();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (position >= end) {
        return -1;
      }
      int most = (int) Math.min(length, end - position);
      int count = file.read(ByteBuffer.wrap(target, offset, most), position);
      if (count < 0) {
        throw new MalformedException("the archive has become shorter");
      }
      position += count;
      return count;
    }

    @Override
    public int available() {
      return (int) Math.min(Integer.MAX_VALUE, end - position);
    }
  }
}
