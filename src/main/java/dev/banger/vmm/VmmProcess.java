package dev.banger.vmm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ProcessUsage;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A VMM under its shim, whatever VMM it is: its life, its end and why, its logs. Drivers build on
 * it.
 */
public final class VmmProcess {
  private static final System.Logger LOG = System.getLogger(VmmProcess.class.getName());
  private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
  private static final Duration SHIM_LIMIT = Duration.ofSeconds(10);
  private static final int CONSOLE_EVIDENCE = 200;
  private static final int ERROR_EVIDENCE = 5;

  private final VmmFiles files;
  private final ShimRecords.Started started;
  private final PidWatcher watcher;
  private final Supplier<Optional<VmmExit.Reason>> lastWord;
  private final IntFunction<String> statusWords;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final LeafLock lock = new LeafLock("vmm-process");

  @GuardedBy("lock")
  private final List<Consumer<VmmExit>> listeners = new ArrayList<>();

  @GuardedBy("lock")
  private @Nullable VmmExit exit;

  /**
   * @param lastWord asked once after the end: what the VMM said about it; may wait a moment
   */
  public VmmProcess(
      VmmFiles files,
      ShimRecords.Started started,
      PidWatcher watcher,
      Supplier<Optional<VmmExit.Reason>> lastWord) {
    this(files, started, watcher, lastWord, Evidence::plain);
  }

  /**
   * @param statusWords what an exit status other than 0 means
   */
  public VmmProcess(
      VmmFiles files,
      ShimRecords.Started started,
      PidWatcher watcher,
      Supplier<Optional<VmmExit.Reason>> lastWord,
      IntFunction<String> statusWords) {
    this.statusWords = statusWords;
    this.files = files;
    this.started = started;
    this.watcher = watcher;
    this.lastWord = lastWord;
  }

  /** Call once, when the owner is ready: from now on the end is noticed. */
  public void watch() throws BangerException {
    if (started.program().verify() || started.shim().verify()) {
      watcher.watch(started.program(), this::awaitShim);
    } else {
      end();
    }
  }

  public VmmFiles files() {
    return files;
  }

  public ProcessIdentity identity() {
    return started.program();
  }

  public boolean alive() {
    try {
      return ended.getCount() > 0 && started.program().verify();
    } catch (BangerException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The shim writes down the end, then ends itself. */
  private void awaitShim() {
    try {
      if (!watcher.awaitEnd(started.shim(), SHIM_LIMIT)) {
        LOG.log(System.Logger.Level.WARNING, "the shim of {0} does not end: killed", files.id());
        PidWatcher.signal(started.shim(), Signal.KILL);
      }
    } catch (BangerException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot wait for the shim of " + files.id(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    end();
  }

  private void end() {
    VmmExit how = judge();
    List<Consumer<VmmExit>> told;
    lock.lock();
    try {
      exit = how;
      told = List.copyOf(listeners);
      listeners.clear();
    } finally {
      lock.unlock();
    }
    ended.countDown();
    told.forEach(listener -> tell(listener, how));
  }

  private VmmExit judge() {
    Optional<ShimRecords.Ended> record = Optional.empty();
    boolean sameBoot = true;
    try {
      record = ShimRecords.ended(files.runDirectory());
      sameBoot = started.program().bootId().equals(ProcessIdentity.currentBootId());
    } catch (BangerException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot read how " + files.id() + " ended", e);
    }
    return new Evidence(
            record,
            lastWord.get(),
            LogTail.lines(files.console(), CONSOLE_EVIDENCE),
            LogTail.lines(files.errors(), ERROR_EVIDENCE),
            sameBoot,
            statusWords)
        .judge(Instant.now());
  }

  private void tell(Consumer<VmmExit> listener, VmmExit how) {
    Thread.ofVirtual().name("exit-" + files.id()).start(() -> listener.accept(how));
  }

  /** As {@link RunningVmm#onExit}. */
  public void onExit(Consumer<VmmExit> listener) {
    VmmExit how;
    lock.lock();
    try {
      how = exit;
      if (how == null) {
        listeners.add(listener);
      }
    } finally {
      lock.unlock();
    }
    if (how != null) {
      tell(listener, how);
    }
  }

  /** As {@link RunningVmm#awaitExit}. */
  public Optional<VmmExit> awaitExit(Duration limit) throws InterruptedException {
    if (!ended.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      return Optional.empty();
    }
    lock.lock();
    try {
      return Optional.ofNullable(exit);
    } finally {
      lock.unlock();
    }
  }

  /** As {@link RunningVmm#kill}. */
  public void kill() throws BangerException, InterruptedException {
    PidWatcher.signal(started.program(), Signal.KILL);
    if (awaitExit(KILL_LIMIT).isEmpty()) {
      PidWatcher.signal(started.shim(), Signal.KILL);
      throw new BangerException(
          ErrorCode.VMM_FAILED,
          "the VMM of " + files.id() + " (pid " + identity().pid() + ") does not end when killed",
          "it hangs in the kernel, perhaps on a disk that does not answer: see `dmesg`");
    }
  }

  /** A new connection to the guest's agent. */
  public SocketChannel openChannel() throws BangerException {
    return connect(files.channel());
  }

  /** A new connection to one of the VMM's sockets. */
  public SocketChannel connect(Path socket) throws BangerException {
    try {
      return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new BangerException(
          alive() ? ErrorCode.UNAVAILABLE : ErrorCode.WRONG_STATE,
          "cannot connect to " + socket,
          alive() ? "try again" : "the VM has ended; start it first",
          e);
    }
  }

  /**
   * As {@link RunningVmm#usage}.
   *
   * @param memory the file with the guest's RAM, if there is one
   */
  public Optional<VmmUsage> usage(Optional<Path> memory) throws BangerException {
    Optional<ProcessUsage> program = ProcessUsage.of(started.program());
    Optional<ProcessUsage> shim = ProcessUsage.of(started.shim());
    return program.isPresent()
        ? Optional.of(VmmUsage.of(program.get(), shim, memory))
        : Optional.empty();
  }

  /** As {@link RunningVmm#consoleTail}. */
  public List<String> consoleTail(int lines) {
    return LogTail.lines(files.console(), lines);
  }

  /**
   * As {@link RunningVmm#cleanUp}: refuses while the VMM runs, waits for the shim's last record.
   */
  public void cleanUp() throws BangerException, InterruptedException {
    if (alive() || awaitExit(SHIM_LIMIT.multipliedBy(2)).isEmpty()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, "the VMM of " + files.id() + " still runs", "kill it first");
    }
    files.remove();
  }
}
