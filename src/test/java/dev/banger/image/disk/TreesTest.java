package dev.banger.image.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreesTest {
  @TempDir Path directory;

  @Test
  void aTreeTakesItsDataOnceAndNoHoles() throws Exception {
    Path below = Files.createDirectory(directory.resolve("below"));
    Path data = Files.write(below.resolve("data"), new byte[1 << 20]);
    Files.createLink(below.resolve("twin"), data);
    Files.createSymbolicLink(below.resolve("link"), data);
    try (RandomAccessFile sparse =
        new RandomAccessFile(directory.resolve("sparse").toFile(), "rw")) {
      sparse.setLength(1L << 30);
    }
    assertThat(Trees.allocated(directory))
        .isBetween(ByteSize.mib(1), new ByteSize((1 << 20) + (64 << 10)));
    assertThat(Trees.allocated(directory.resolve("nothing"))).isEqualTo(new ByteSize(0));
    Path elsewhere = Files.createSymbolicLink(directory.resolve("alias"), below);
    assertThat(Trees.allocated(elsewhere)).isGreaterThanOrEqualTo(ByteSize.mib(1));
  }
}
