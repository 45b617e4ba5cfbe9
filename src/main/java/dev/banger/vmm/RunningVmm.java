package dev.banger.vmm;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.proc.ProcessIdentity;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** A VMM that was started; it may have ended since. Safe for many threads. */
public interface RunningVmm {
  ProcessIdentity identity();

  /** What it was started with; empty when that cannot be told any more. */
  String accelerator();

  /** A new connection to the guest's agent; the caller closes it. One at a time is served. */
  SocketChannel openChannel() throws BangerException;

  /**
   * The vsock port of the guest's agent, when the socket {@link VmmFiles#channel} leads to the
   * guest's vsock; empty when it leads to the agent itself.
   */
  default OptionalInt vsockPort() {
    return OptionalInt.empty();
  }

  boolean alive();

  /** Called once, on a virtual thread of its own and under no lock; at once when it has ended. */
  void onExit(Consumer<VmmExit> listener);

  /** Empty when it has not ended within the limit; zero just looks. */
  Optional<VmmExit> awaitExit(Duration limit) throws InterruptedException;

  /** Ends it without asking and waits until it has; nothing to do for one that has ended. */
  void kill() throws BangerException, InterruptedException;

  /** Asks the VMM, not the guest, to end: disks are flushed. Returns before it has. */
  void quit() throws BangerException, InterruptedException;

  /** Presses the power button: what the guest makes of it is its own affair. */
  void pressPowerButton() throws BangerException, InterruptedException;

  /** Stops the guest's processors. */
  void pause() throws BangerException, InterruptedException;

  /**
   * Why the guest's processors are stopped, as far as the VMM has said; empty while they run. A VMM
   * that is stopped itself says nothing: ask {@link ProcessIdentity#isStopped}.
   */
  default Optional<String> suspended() {
    return Optional.empty();
  }

  void resume() throws BangerException, InterruptedException;

  /** What it was started as; empty when that cannot be told any more. */
  Optional<Machine> machine();

  /** What it takes of the host now; empty when it has ended. */
  Optional<VmmUsage> usage() throws BangerException;

  /**
   * The disk in this file, which it was started with, gets this size; the guest sees it at once.
   * What is not larger is refused.
   */
  void growDisk(Path file, ByteSize size) throws BangerException, InterruptedException;

  /** The last lines of the guest's console, oldest first; empty when there are none. */
  List<String> consoleTail(int lines);

  /** Removes sockets, memory and records of one that has ended; logs stay. May be repeated. */
  void cleanUp() throws BangerException, InterruptedException;
}
