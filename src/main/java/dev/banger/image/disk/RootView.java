package dev.banger.image.disk;

import dev.banger.ffm.ProcessCalls;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs programs in whose eyes our files belong to root: root as it is, everybody else in a user
 * namespace. So the owners in an image are right without any right on the host.
 */
public final class RootView {
  private static final Tool UNSHARE = new Tool("unshare", "util-linux");
  private static final Tool NEWUIDMAP = new Tool("newuidmap", "uidmap");

  private final Binaries binaries;
  private final boolean root;

  public RootView(Binaries binaries) {
    this.binaries = binaries;
    this.root = ProcessCalls.geteuid() == 0;
  }

  /** A program that sees our files as root's; all other users are nobody to it. */
  public Command asRoot(Tool tool, String... arguments) throws BangerException {
    if (root) {
      return Command.of(binaries, tool, arguments);
    }
    return Command.of(binaries, UNSHARE, "--map-root-user", binaries.find(tool).toString())
        .with(arguments);
  }

  /** A program that sees 65536 users, with the files of our own user as root's. */
  public Command withAllUsers(Tool tool, String... arguments) throws BangerException {
    if (root) {
      return Command.of(binaries, tool, arguments);
    }
    requireSubordinateIds();
    return Command.of(
            binaries, UNSHARE, "--map-root-user", "--map-auto", binaries.find(tool).toString())
        .with(arguments);
  }

  /**
   * As {@link #withAllUsers}, in mount and process namespaces of its own: when it ends, by itself
   * or killed, its mounts and everything it started are gone.
   */
  public Command contained(Tool tool, String... arguments) throws BangerException {
    List<String> options = new ArrayList<>();
    if (!root) {
      requireSubordinateIds();
      options.addAll(List.of("--map-root-user", "--map-auto"));
    }
    options.addAll(
        List.of(
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            binaries.find(tool).toString()));
    return Command.of(binaries, UNSHARE).with(options).with(arguments);
  }

  /** Removes a tree whose files may belong to any of the users. */
  public void remove(Path tree) throws BangerException, InterruptedException {
    if (!Files.exists(tree)) {
      return;
    }
    withAllUsers(new Tool("rm", "coreutils"), "-rf", "--one-file-system", "--", tree.toString())
        .run(ErrorCode.INTERNAL, "cannot remove " + tree, "remove it by hand");
  }

  private void requireSubordinateIds() throws BangerException {
    binaries.find(NEWUIDMAP);
    String user = System.getProperty("user.name", "");
    if (!has(Path.of("/etc/subuid"), user) || !has(Path.of("/etc/subgid"), user)) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "user " + user + " has no subordinate users (/etc/subuid, /etc/subgid)",
          "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 " + user);
    }
  }

  private static boolean has(Path file, String user) {
    String number = Integer.toString(ProcessCalls.geteuid());
    try {
      return Files.readAllLines(file).stream()
          .anyMatch(line -> line.startsWith(user + ":") || line.startsWith(number + ":"));
    } catch (IOException e) {
      return false;
    }
  }
}
