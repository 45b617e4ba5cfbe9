package dev.banger.image;

import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/** A program for {@link RootlessHostTest}: pulls a kernel and an image as whoever runs it. */
public final class PullAsUser {
  private PullAsUser() {}

  /** The one argument is the directory that holds everything. */
  public static void main(String[] arguments) throws Exception {
    Directories directories = Directories.of(Map.of(), Path.of(arguments[0]), false);
    Binaries binaries = Binaries.ofPath();
    OrderedLock lock = new OrderedLock(LockRank.IMAGE_OPS, "images");
    Clock clock = Clock.systemUTC();
    Kernel kernel =
        new Kernels(
                directories, binaries, Path.of("/bin/true"), lock, MemoryJournal.journal(), clock)
            .pull(TestDirectories.PRINTED);
    System.out.println("kernel " + kernel.modulesDisk());
    Image image =
        new Images(
                directories,
                List.of(new DebianSource(directories, binaries)),
                lock,
                MemoryJournal.journal(),
                clock)
            .resolve(ImageReference.parse("debian:bookworm"), TestDirectories.PRINTED);
    System.out.println("image " + image.disk());
  }
}
