package dev.banger.doctor;

import dev.banger.config.Config;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes repairs, and undoes them. What is done is in a file before it is done: a line each, of
 * words between tabs.
 */
public final class Repairs {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String LASTING = "-";
  private static final String RUN = "run";
  private static final String SUBNET = "subnet";
  private static final String TAB = "\t";

  private final Path file;
  private final Path config;
  private final Binaries binaries;

  private Repairs(Path file, Path config, Binaries binaries) {
    this.file = file;
    this.config = config;
    this.binaries = binaries;
  }

  /** For the daemon of these directories. */
  public static Repairs of(Directories directories) throws BangerException {
    return of(directories, Binaries.ofPath());
  }

  static Repairs of(Directories directories, Binaries binaries) {
    return new Repairs(
        directories.data().resolve("repairs"),
        directories.config().resolve("config.toml"),
        binaries);
  }

  /** Whether anything was done that can be undone. */
  public boolean isEmpty() throws BangerException {
    return records().isEmpty();
  }

  /** All changes of it, or none. */
  public void make(Repair repair) throws BangerException, InterruptedException {
    List<String> made = new ArrayList<>();
    String boot = repair.lasting() ? LASTING : ProcessIdentity.currentBootId();
    try {
      for (Repair.Change change : repair.changes()) {
        String line = boot + TAB + words(change);
        List<String> all = new ArrayList<>(records());
        all.add(line);
        write(all);
        made.addFirst(line);
        apply(change);
      }
    } catch (BangerException | InterruptedException e) {
      try {
        undo(made);
      } catch (BangerException another) {
        e.addSuppressed(another);
      }
      throw e;
    }
  }

  private String words(Repair.Change change) throws BangerException {
    return switch (change) {
      case Repair.Command command -> RUN + TAB + String.join(TAB, command.undo());
      case Repair.Subnet subnet ->
          String.join(TAB, SUBNET, subnet.network(), SubnetLine.of(read(config)));
    };
  }

  private void apply(Repair.Change change) throws BangerException, InterruptedException {
    switch (change) {
      case Repair.Command command -> run(command.words());
      case Repair.Subnet subnet -> setSubnet(subnet.network());
    }
  }

  private void run(List<String> words) throws BangerException, InterruptedException {
    var _ =
        command(words)
            .run(
                ErrorCode.HOST_UNSUPPORTED,
                "cannot do `" + String.join(" ", words) + "`",
                "do it as root; its own words are above");
  }

  private Command command(List<String> words) {
    return Command.of(binaries, new Tool(words.getFirst(), words.getFirst()))
        .with(words.subList(1, words.size()))
        .limit(LIMIT);
  }

  private void setSubnet(String network) throws BangerException {
    String before = read(config);
    String after =
        SubnetLine.with(before, network)
            .orElseThrow(() ->
                new BangerException(
                    ErrorCode.INVALID,
                    "cannot tell where " + config + " sets network.subnet",
                    "write it yourself: subnet = \"" + network + "\" below [network]"));
    replace(config, after);
    try {
      var _ = Config.read(config);
    } catch (BangerException e) {
      replace(config, before);
      throw e;
    }
  }

  /** Takes back all that was done, newest first; returns what, in words. */
  public List<String> undo() throws BangerException, InterruptedException {
    return undo(records().reversed());
  }

  private List<String> undo(List<String> lines) throws BangerException, InterruptedException {
    List<String> undone = new ArrayList<>();
    BangerException first = null;
    for (String line : lines) {
      try {
        String what = undo(line);
        if (!what.isEmpty()) {
          undone.add(what);
        }
        List<String> left = new ArrayList<>(records());
        left.remove(line);
        write(left);
      } catch (BangerException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
    return undone;
  }

  /** Empty: it was no more. */
  private String undo(String line) throws BangerException, InterruptedException {
    List<String> words = List.of(line.split(TAB, -1));
    boolean gone =
        !words.getFirst().equals(LASTING)
            && !words.getFirst().equals(ProcessIdentity.currentBootId());
    List<String> rest = words.subList(2, words.size());
    if (gone || (words.get(1).equals(RUN) && isUndone(rest))) {
      return "";
    }
    if (words.get(1).equals(RUN)) {
      run(rest);
      return String.join(" ", rest);
    }
    replace(config, SubnetLine.undone(read(config), rest.getFirst(), rest.getLast()));
    return "network.subnet in " + config + " as it was";
  }

  /** What iptables(8) deletes, it can also look for. */
  private boolean isUndone(List<String> words) throws BangerException, InterruptedException {
    if (!words.contains("-D")) {
      return false;
    }
    List<String> check = words.stream().map(word -> word.equals("-D") ? "-C" : word).toList();
    return !command(check).run().ok();
  }

  private List<String> records() throws BangerException {
    return read(file).lines().toList();
  }

  private void write(List<String> lines) throws BangerException {
    if (!lines.isEmpty()) {
      replace(file, String.join("\n", lines) + "\n");
      return;
    }
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw failure("cannot remove " + file, e);
    }
  }

  /** Empty when there is none. */
  private static String read(Path file) throws BangerException {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw failure("cannot read " + file, e);
    }
  }

  /** Whole or not at all. */
  private static void replace(Path file, String text) throws BangerException {
    Path beside = file.resolveSibling("." + file.getFileName() + ".new");
    try {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null && !Files.isDirectory(directory)) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      Files.writeString(beside, text);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failure("cannot write " + file, e);
    }
  }

  private static BangerException failure(String what, IOException e) {
    return new BangerException(
        ErrorCode.PERMISSION, what, "look at its rights and at the space of its disk", e);
  }
}
