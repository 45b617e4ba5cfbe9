package dev.banger.doctor;

import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The tmpfs that holds the guests' memory. */
final class MemoryCheck implements Check {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final ByteSize ROOM = ByteSize.gib(1);

  private final Directories directories;

  MemoryCheck(Directories directories) {
    this.directories = directories;
  }

  @Override
  public String name() {
    return "guest memory";
  }

  @Override
  public List<Finding> run() {
    Path place = isTmpfs(directories.run()) ? directories.run() : SHARED_MEMORY;
    if (!isTmpfs(place)) {
      return List.of(
          Finding.error(
              name(), place + " is no tmpfs", "mount one: mount -t tmpfs tmpfs " + place));
    }
    try {
      ByteSize free = new ByteSize(Files.getFileStore(place).getUsableSpace());
      String found = place + " (tmpfs), " + free + " free";
      return List.of(
          free.compareTo(ROOM) < 0
              ? Finding.warning(name(), found, "enlarge it: mount -o remount,size=4G " + place)
              : Finding.ok(name(), found));
    } catch (IOException e) {
      return List.of(Finding.error(name(), "cannot ask for the space on " + place, "check it"));
    }
  }

  private static boolean isTmpfs(Path place) {
    try {
      return Files.isDirectory(place) && Files.getFileStore(place).type().equals("tmpfs");
    } catch (IOException e) {
      return false;
    }
  }
}
