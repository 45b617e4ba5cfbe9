package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Machine;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.VmmExit;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmProcess;
import dev.banger.vmm.VmmUsage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One Firecracker. */
final class FirecrackerProcess implements RunningVmm {
  private static final System.Logger LOG = System.getLogger(FirecrackerProcess.class.getName());
  private static final Duration REQUEST_LIMIT = Duration.ofSeconds(10);
  private static final Duration LISTENER_LIMIT = Duration.ofSeconds(60);

  /** Where the guest's agent listens (guest/PROTOCOL.md, section 1). */
  private static final int AGENT_PORT = 1024;

  private final VmmProcess process;
  private final ApiClient api;
  private final MetricsStream metrics;
  private final PidWatcher watcher;
  private final ShimRecords.Started started;
  private final Remover remover;
  private final Optional<StartRecord> record;
  private volatile boolean quitting;
  private volatile @Nullable String suspension;

  /** Takes away what one that has ended has beside what every VMM has. */
  @FunctionalInterface
  interface Remover {
    void remove(VmmFiles files) throws BangerException, InterruptedException;
  }

  /**
   * @param record how it was started; empty when that cannot be told any more
   */
  FirecrackerProcess(
      VmmFiles files,
      ShimRecords.Started started,
      PidWatcher watcher,
      Remover remover,
      Optional<StartRecord> record) {
    this.started = started;
    this.watcher = watcher;
    this.remover = remover;
    this.record = record;
    this.metrics = new MetricsStream(files.id().value());
    this.process = new VmmProcess(files, started, watcher, this::lastWord, ExitCodes::of);
    this.api = new ApiClient(files.control(), REQUEST_LIMIT);
  }

  /** From now on its end is noticed. */
  void begin() throws BangerException {
    process.watch();
    if (process.alive()) {
      metrics.begin(FirecrackerFiles.metrics(process.files()));
      var _ = watcher.watch(started.shim(), this::shimGone);
    }
  }

  /** A jailer's change of user takes the tie to the shim away, with which a VMM ends. */
  private void shimGone() {
    try {
      PidWatcher.signal(identity(), Signal.KILL);
    } catch (BangerException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot end the Firecracker of a dead shim", e);
    }
  }

  /** Takes up what a daemon before this one left running. */
  void takeUp() throws BangerException {
    begin();
    if (process.alive()) {
      Thread.ofVirtual().name("firecracker-look-" + process.files().id()).start(this::look);
    }
  }

  private void look() {
    try {
      if ("Paused".equals(state())) {
        suspension = "its processors are stopped";
      }
    } catch (BangerException e) {
      LOG.log(System.Logger.Level.DEBUG, "cannot ask a Firecracker for its state", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Optional<VmmExit.Reason> lastWord() {
    metrics.close();
    return quitting ? Optional.of(VmmExit.Reason.QUIT) : Optional.empty();
  }

  /** Waits for the API; when the process ends instead, its last words are the error. */
  void awaitApi(Duration limit) throws BangerException, InterruptedException {
    if (!api.awaitServer(limit, process::alive)) {
      throw new BangerException(
          ErrorCode.VMM_FAILED,
          "Firecracker ended while it started: "
              + process.awaitExit(REQUEST_LIMIT).map(VmmExit::toString).orElse("no word why"),
          "`banger vm logs --vmm` has its own words; docs/firecracker.md lists its exit statuses");
    }
  }

  ApiAnswer send(ApiRequest request) throws BangerException, InterruptedException {
    try {
      return api.send(request);
    } catch (BangerException e) {
      Optional<VmmExit> end =
          e.code() == ErrorCode.UNAVAILABLE
              ? process.awaitExit(Duration.ofMillis(500))
              : Optional.empty();
      if (end.isEmpty()) {
        throw e;
      }
      throw new BangerException(
          ErrorCode.VMM_FAILED,
          "Firecracker ended at " + request + ": " + end.get(),
          "`banger vm logs --vmm` has its own words",
          e);
    }
  }

  /** Firecracker's word for its state: {@code Not started}, {@code Running}, {@code Paused}. */
  String state() throws BangerException, InterruptedException {
    return String.valueOf(send(ApiRequest.get("/")).body().get("state"));
  }

  /** Takes so much of the guest's memory from it; nothing gives all back. */
  void balloon(ByteSize size) throws BangerException, InterruptedException {
    send(ApiRequest.patch("/balloon", Map.of("amount_mib", size.bytes() >> 20)));
  }

  /** What it counts, by {@code group.field}, with what it has not yet told. */
  Map<String, Long> counters() throws BangerException, InterruptedException {
    send(ApiRequest.action("FlushMetrics"));
    return metrics.counters();
  }

  @Override
  public ProcessIdentity identity() {
    return process.identity();
  }

  @Override
  public String accelerator() {
    return Accelerator.KVM.toString();
  }

  @Override
  public SocketChannel openChannel() throws BangerException {
    if (!process.alive()) {
      return process.openChannel(); // says that it has ended
    }
    return new VsockDialer(process.files().channel(), AGENT_PORT).dial(LISTENER_LIMIT);
  }

  @Override
  public OptionalInt vsockPort() {
    return OptionalInt.of(AGENT_PORT);
  }

  @Override
  public boolean alive() {
    return process.alive();
  }

  @Override
  public void onExit(Consumer<VmmExit> listener) {
    process.onExit(listener);
  }

  @Override
  public Optional<VmmExit> awaitExit(Duration limit) throws InterruptedException {
    return process.awaitExit(limit);
  }

  @Override
  public void kill() throws BangerException, InterruptedException {
    process.kill();
  }

  /**
   * There is no request for it, and as the first process of its pid namespace it is safe from
   * SIGTERM. It keeps no data of its own: what the guest has written is the host kernel's.
   */
  @Override
  public void quit() throws BangerException {
    quitting = true;
    PidWatcher.signal(identity(), Signal.KILL);
  }

  @Override
  public void pressPowerButton() throws BangerException, InterruptedException {
    send(ApiRequest.action("SendCtrlAltDel"));
  }

  @Override
  public void pause() throws BangerException, InterruptedException {
    send(ApiRequest.patch("/vm", Map.of("state", "Paused")));
    suspension = "its processors are stopped";
  }

  @Override
  public void resume() throws BangerException, InterruptedException {
    send(ApiRequest.patch("/vm", Map.of("state", "Resumed")));
    suspension = null;
  }

  @Override
  public Optional<String> suspended() {
    return Optional.ofNullable(suspension);
  }

  @Override
  public Optional<Machine> machine() {
    return record.map(StartRecord::machine);
  }

  @Override
  public Optional<VmmUsage> usage() throws BangerException {
    return process.usage(Optional.empty());
  }

  /** Firecracker looks at the file's size anew when it is given the same path once more. */
  @Override
  public void growDisk(Path file, ByteSize size) throws BangerException, InterruptedException {
    DiskPlace place = find(file);
    try (RandomAccessFile disk = new RandomAccessFile(place.onHost().toFile(), "rw")) {
      if (disk.length() >= size.bytes()) {
        throw new BangerException(
            ErrorCode.INVALID,
            "the disk " + file + " has " + new ByteSize(disk.length()) + " already",
            "a disk only grows");
      }
      disk.setLength(size.bytes());
    } catch (IOException e) {
      throw new BangerException(ErrorCode.NO_SPACE, "cannot enlarge " + file, "", e);
    }
    send(MachineSetup.driveResized(place.index(), place.path()));
  }

  private record DiskPlace(int index, String path, Path onHost) {}

  /** By what Firecracker says that it has. */
  private DiskPlace find(Path file) throws BangerException, InterruptedException {
    Surroundings around =
        record
            .map(r -> r.surroundings(process.files()))
            .orElse(new Surroundings.Bare(process.files()));
    if (send(ApiRequest.get("/vm/config")).body().get("drives") instanceof List<?> drives) {
      for (int i = 0; i < drives.size(); i++) {
        String path = String.valueOf(ApiAnswer.object(drives.get(i)).get("path_on_host"));
        if (same(around.onHost(path), file)) {
          return new DiskPlace(i, path, around.onHost(path));
        }
      }
    }
    throw new BangerException(
        ErrorCode.NOT_FOUND,
        "cannot find the disk " + file + " in its Firecracker",
        "`banger vm restart` gives the guest the new size");
  }

  private static boolean same(Path one, Path other) {
    try {
      return Files.isSameFile(one, other);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public List<String> consoleTail(int lines) {
    return process.consoleTail(lines);
  }

  @Override
  public void cleanUp() throws BangerException, InterruptedException {
    if (!process.alive()) {
      remover.remove(process.files());
    }
    process.cleanUp();
  }
}
