package dev.banger.doctor;

import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The directories: there or makeable, with room, and short enough for sockets. */
final class PlacesCheck implements Check {
  private static final ByteSize ROOM = ByteSize.gib(3);

  /** What is added to the run directory for the sockets of one VM: /vm/ID/agent.sock. */
  private static final int VM_SOCKET = "/vm/0123456789ab/agent.sock".length();

  private final Directories directories;

  PlacesCheck(Directories directories) {
    this.directories = directories;
  }

  @Override
  public String name() {
    return "directories";
  }

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    findings.add(space("data", directories.data()));
    findings.add(socketLength());
    return findings;
  }

  private static Finding space(String what, Path directory) {
    Path there = directory;
    while (!Files.isDirectory(there) && there.getParent() != null) {
      there = there.getParent();
    }
    if (!Files.isWritable(there)) {
      return Finding.error(
          what, there + " cannot be written", "change its owner, or set BANGER_HOME");
    }
    try {
      ByteSize free = new ByteSize(Files.getFileStore(there).getUsableSpace());
      String found = directory + ", " + free + " free";
      return free.compareTo(ROOM) < 0
          ? Finding.warning(what, found, "an image and its disks want " + ROOM)
          : Finding.ok(what, found);
    } catch (IOException e) {
      return Finding.error(
          what, "cannot ask for the space below " + there + ": " + e, "check the disk");
    }
  }

  private Finding socketLength() {
    int length = directories.run().toString().getBytes(StandardCharsets.UTF_8).length + VM_SOCKET;
    String found =
        "the longest is " + length + " bytes, " + Directories.SOCKET_PATH_LIMIT + " are allowed";
    return length > Directories.SOCKET_PATH_LIMIT
        ? Finding.error("socket paths", found, "set BANGER_HOME to a shorter path")
        : Finding.ok("socket paths", found);
  }
}
