package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods after whose reply the connection carries streams: docs/rpc.md says which. */
public final class StreamApi {
  private StreamApi() {}

  /**
   * A program in a guest.
   *
   * @param argv empty: the image's default command
   * @param env {@code K=V}, over the VM's own
   * @param cwd absent: the image's, made where it is missing; else the user's home
   * @param user {@code name} or {@code uid}, each with {@code :group}; absent: the image's
   * @param tty run it on a terminal of rows x columns; then there is no stderr
   * @param stdin false: its stdin is /dev/null
   */
  @Json
  public record Program(
      List<String> argv,
      List<String> env,
      @Nullable String cwd,
      @Nullable String user,
      boolean tty,
      int rows,
      int columns,
      boolean stdin) {}

  @Json
  public record Exec(String vm, Program program) {}

  /**
   * A VM to be, and what runs in it.
   *
   * @param keep false: the VM is deleted when its program ends, or the client is lost
   * @param entrypoint stands in place of the image's; empty: none; absent: the image's
   * @param program its argv follows the entrypoint, in place of the image's command; its cwd is
   *     made where it is missing
   */
  @Json
  public record Run(
      VmApi.Create create, boolean keep, @Nullable String entrypoint, Program program) {}

  /**
   * The program runs.
   *
   * @param vm the VM's id
   * @param exec the program's own id, by which it can be taken up again
   */
  @Json
  public record Running(String vm, String name, String exec) {}

  /**
   * A program that a daemon before this one, or a connection that was lost, has begun.
   *
   * @param exec its id, as vm.exec and vm.run answered
   * @param oneShot it was begun by vm.run, and its VM goes with it
   * @param tty as it was begun
   * @param stdin as it was begun
   * @param stdout how much of its output has arrived; at most 384 KiB less than was sent
   * @param stderr as stdout
   */
  @Json
  public record Attach(
      String vm,
      String exec,
      boolean oneShot,
      boolean tty,
      boolean stdin,
      long stdout,
      long stderr) {}

  /**
   * The program, taken up again.
   *
   * @param stdin how many bytes of stdin have arrived: the rest is sent again; absent: it has ended
   */
  @Json
  public record Attached(String vm, String name, @Nullable Long stdin) {}

  /**
   * A copy in or out of a guest, as a tar stream.
   *
   * @param path in: the directory that the archive's names are below; out: what is packed, names
   *     beginning with its last component
   * @param direction in or out
   * @param user whose rights count, and who owns what comes in; absent: root
   * @param makeDirectory in: make path when it is missing
   * @param keepOwners in: owners as in the archive
   * @param followLink out: a symlink at path is followed
   */
  @Json
  public record Copy(
      String vm,
      String path,
      String direction,
      @Nullable String user,
      boolean makeDirectory,
      boolean keepOwners,
      boolean followLink) {}

  /** What {@code vm cp --json} prints: how much was copied. */
  @Json
  public record Copied(String vm, String path, String direction, long entries, long bytes) {}

  /**
   * A VM's serial line.
   *
   * @param view only watch: somebody else may write
   */
  @Json
  public record Console(String vm, boolean view) {}

  /**
   * The line is joined.
   *
   * @param writes false: it was not asked for, or another client writes
   * @param initMode system, or agent: then nothing in the guest reads the line unless a program
   *     opens it; absent: the guest does not answer
   */
  @Json
  public record Watching(String vm, String name, boolean writes, @Nullable String initMode) {}

  @Json
  public record Stat(String vm, String path, boolean followLink) {}

  /**
   * A file in a guest.
   *
   * @param type file, directory, link or other; of the thing itself unless followed
   * @param directory whether it is a directory after following
   * @param target of a link
   */
  @Json
  public record FileStatus(
      String type,
      boolean directory,
      int mode,
      int uid,
      int gid,
      long size,
      @Nullable String target) {}

  public static final Method<Exec, Running> EXEC =
      Method.interactive("vm.exec", Exec.class, Running.class, "Run a program in a running VM");
  public static final Method<Attach, Attached> ATTACH =
      Method.interactive(
          "vm.exec.attach",
          Attach.class,
          Attached.class,
          "Take up a program that runs on since its connection was lost");
  public static final Method<Run, Running> RUN =
      Method.interactive(
          "vm.run", Run.class, Running.class, "Create and start a VM, then run a program in it");
  public static final Method<Copy, DaemonApi.Nothing> COPY =
      Method.interactive(
          "vm.cp", Copy.class, DaemonApi.Nothing.class, "Copy into or out of a running VM");
  public static final Method<Console, Watching> CONSOLE =
      Method.interactive(
          "vm.console", Console.class, Watching.class, "Join a running VM's serial line");
  public static final Method<Stat, FileStatus> STAT =
      Method.call("vm.stat", Stat.class, FileStatus.class, "One file in a running VM");
}
