package dev.banger.proc;

import dev.banger.model.ByteSize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program to run under banger-shim: what it may open, as whom, and where its output goes
 * (guest/PROTOCOL.md, section 9). The shim opens files and sockets as the daemon, so the program
 * needs no right to any path.
 */
public final class ShimCommand {
  private static final int FIRST_DESCRIPTOR = 3;

  private final Path directory;
  private final List<String> options = new ArrayList<>();
  private final List<String> program = new ArrayList<>();
  private int nextDescriptor = FIRST_DESCRIPTOR;

  /**
   * @param directory exists; takes the records of the program's start and end
   */
  public ShimCommand(Path directory) {
    this.directory = directory;
    option("--dir", directory);
  }

  Path directory() {
    return directory;
  }

  /**
   * A name for the systemd scope that it runs in. None is used twice: systemd may not yet have
   * forgotten the scope of a start before.
   */
  String scope() {
    return "banger-vm-" + directory.getFileName() + "-" + Long.toHexString(System.nanoTime());
  }

  /** Where the program's standard output goes; no more than {@code limit} is kept. */
  public ShimCommand serial(Path file, ByteSize limit) {
    return option("--serial", file + ":" + limit.bytes());
  }

  /** Where those connect who watch the standard output live, and write the standard input. */
  public ShimCommand console(Path socket) {
    return option("--console", socket);
  }

  /** Where the program's standard error goes; no more than {@code limit} is kept. */
  public ShimCommand errors(Path file, ByteSize limit) {
    return option("--stderr", file + ":" + limit.bytes());
  }

  /** A named pipe that is there: what is written to it goes where the standard error goes. */
  public ShimCommand errorsPipe(Path pipe) {
    return option("--stderr-pipe", pipe);
  }

  /**
   * The program is a jailer: it stays the caller's user until it drops that right itself, and is
   * the first process of a pid namespace of its own. The shim runs as {@link #identity} all the
   * same.
   */
  public ShimCommand jailer() {
    return option("--jailer", "pid");
  }

  /** Opens for reading; the program's descriptor. */
  public int openReadOnly(Path file) {
    return descriptor("--open", "ro", file);
  }

  /** Opens for reading and writing; the program's descriptor. */
  public int openWritable(Path file) {
    return descriptor("--open", "rw", file);
  }

  /** Attaches to a tap device that is there; the program's descriptor. */
  public int attach(String tap) {
    int descriptor = nextDescriptor++;
    option("--tap", descriptor + "=" + tap);
    return descriptor;
  }

  /**
   * Runs a program beside this one, at the other end of a pair of stream sockets and as the same
   * user. It does not outlive this one.
   *
   * @param arguments its end's descriptor follows them
   * @return this program's descriptor
   */
  public int carrier(Path beside, List<String> arguments) {
    int descriptor = nextDescriptor++;
    option("--carrier", descriptor + "=" + beside);
    arguments.forEach(argument -> option("--carrier-word", argument));
    option("--carrier-word", descriptor);
    return descriptor;
  }

  /** Listens on a socket that only the daemon's user may connect to; the program's descriptor. */
  public int listen(Path socket) {
    return descriptor("--listen", "600", socket);
  }

  /** The user, group and further groups that the program and the shim run as. */
  public ShimCommand identity(int uid, int gid, List<Integer> groups) {
    option("--uid", uid).option("--gid", gid);
    groups.forEach(group -> option("--group", group));
    return this;
  }

  /** A resource limit by its name in getrlimit(2), lower case: {@code core}, {@code nofile}. */
  public ShimCommand limit(String name, long value) {
    return option("--rlimit", name + "=" + value);
  }

  /** The program, by its absolute path, and its arguments. */
  public ShimCommand program(List<String> words) {
    program.addAll(words);
    return this;
  }

  List<String> line(Path shim) {
    List<String> line = new ArrayList<>();
    line.add(shim.toString());
    line.addAll(options);
    line.add("--");
    line.addAll(program);
    return line;
  }

  private int descriptor(String option, String mode, Path path) {
    int descriptor = nextDescriptor++;
    option(option, descriptor + "=" + mode + ":" + path);
    return descriptor;
  }

  private ShimCommand option(String name, Object value) {
    options.add(name);
    options.add(value.toString());
    return this;
  }
}
