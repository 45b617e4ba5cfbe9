package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.image.ImageReference;
import dev.banger.image.Images;
import dev.banger.image.TinyImageSource;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.Directories;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A root file system need not have a shell, a libc, or anything but the program that is run. */
class AnyRootHostTest {
  @Test
  void aRootWithOneStaticBinaryBootsAndRunsIt(@TempDir Path dir) throws Exception {
    try (Host host = Host.open()) {
      Path source = dir.resolve("lonely.c");
      Files.writeString(
          source,
          """
          #include <dirent.h>
          #include <stdio.h>
          int main(void) {
            DIR *root = opendir("/bin");
            int count = 0;
            for (struct dirent *entry; (entry = readdir(root)) != 0;) count += entry->d_name[0] != '.';
            printf("alone: %d program\\n", count);
            return 42;
          }
          """);
      Path program = dir.resolve("lonely");
      assertThat(host.sh("musl-gcc -static -o " + program + " " + source).status()).isZero();
      Images images =
          new Images(
              Directories.of(Map.of(), host.home(), true),
              List.of(new TinyImageSource(program, Binaries.ofPath())),
              new OrderedLock(LockRank.IMAGE_OPS, "images"),
              MemoryJournal.journal(),
              Clock.systemUTC());
      images.pull(ImageReference.parse("tiny:lonely"), Progress.SILENT);
      try {
        Host.Result result =
            host.banger("vm", "run", "--image", "tiny:lonely", "--", "/bin/lonely");
        assertThat(result.out()).isEqualTo("alone: 1 program\n");
        assertThat(result.status()).isEqualTo(42);
        Host.Result shell = host.banger("vm", "run", "--image", "tiny:lonely", "--", "sh");
        assertThat(shell.status()).isEqualTo(127);
      } finally {
        host.banger("image", "delete", "tiny:lonely").ok();
      }
    }
  }
}
