package dev.banger.proc;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The words by which a daemon in a service of another machine would start a program. */
public final class ScopedLine {
  private ScopedLine() {}

  /**
   * For a program that sleeps.
   *
   * @param root an empty directory here, to lay out in it what that machine's looks like
   * @param cgroup what the service has in /proc/self/cgroup there
   */
  public static List<String> of(
      Path root, String cgroup, Path systemdRun, Path shim, Path runDirectory) throws Exception {
    Files.createDirectories(root.resolve("run/systemd/system"));
    Files.createDirectories(root.resolve("proc/self"));
    Files.writeString(root.resolve("proc/self/cgroup"), cgroup);
    ServiceStop stop = ServiceStop.of(root, "self", 0, Map.of(), Optional.of(systemdRun));
    if (!(stop instanceof ServiceStop.Scoped scoped)) {
      throw new AssertionError(cgroup + " is " + stop);
    }
    ShimCommand command = new ShimCommand(runDirectory).program(List.of("/bin/sleep", "1003"));
    List<String> line = new ArrayList<>(scoped.words(command.scope()));
    line.addAll(command.line(shim));
    return line;
  }
}
