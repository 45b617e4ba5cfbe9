package dev.banger.vmm;

import dev.banger.image.disk.DiskFile;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimCommand;
import dev.banger.proc.ShimLauncher;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A driver without guests: real processes under the real shim, with the same sockets, records and
 * logs as a VMM, so that crashes of the daemon can be tested in milliseconds. {@code fake_vmm.c}
 * says what the processes obey.
 */
public final class FakeVmm implements Vmm {
  private static final Duration LAUNCH_LIMIT = Duration.ofSeconds(10);
  private static final ByteSize LOG_LIMIT = ByteSize.kib(64);

  private final Binaries binaries;
  private final Tool program;
  private final PidWatcher watcher;
  private final Optional<Guests> guests;

  /**
   * The guests of its VMs: the real agent in namespaces of its own.
   *
   * @param mishaps holds a file {@code every}, or one named by a VM's id, for a start that shall go
   *     wrong; {@code fake_vmm.c} says what is in it
   */
  public record Guests(Tool agent, Path mishaps) {}

  /**
   * @param program what is started in place of a VMM; its channel answers lines
   */
  public FakeVmm(Binaries binaries, Tool program, PidWatcher watcher) {
    this(binaries, program, watcher, Optional.empty());
  }

  /** With guests, when there are some. */
  public FakeVmm(Binaries binaries, Tool program, PidWatcher watcher, Optional<Guests> guests) {
    this.binaries = binaries;
    this.program = program;
    this.watcher = watcher;
    this.guests = guests;
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public List<BangerException> preflight(VmmSpec spec) {
    return checks(spec).problems();
  }

  private Preflight checks(VmmSpec spec) {
    return new Preflight(spec)
        .check(() -> binaries.find(program))
        .check(() -> binaries.find(ShimLauncher.SHIM));
  }

  @Override
  public RunningVmm start(VmmSpec spec, Steps steps) throws BangerException, InterruptedException {
    checks(spec).require();
    VmmFiles files = spec.files();
    files.refuseSecondStart();
    steps.take(VmmRemains.step(StepKind.RUN_DIRECTORY, files), files::prepare);
    if (guests.isPresent()) {
      for (Drive drive : spec.drives()) {
        fill(drive);
      }
    }
    ShimCommand command = new ShimCommand(spec.runDirectory());
    command.serial(files.console(), LOG_LIMIT).errors(files.errors(), LOG_LIMIT);
    command.listen(files.control());
    command.listen(files.channel());
    for (Nic nic : spec.nics()) {
      if (nic.link() instanceof Nic.Tap tap) {
        int _ = command.attach(tap.name());
      }
    }
    command.program(program(spec.id()));
    ShimRecords.Started started =
        steps.make(
            VmmRemains.step(StepKind.VMM, files),
            () -> new ShimLauncher(binaries).launch(command, LAUNCH_LIMIT));
    Running running =
        new Running(
            files,
            started,
            spec.accelerator().toString(),
            Optional.of(new Machine(spec.cpus(), spec.memory(), false)));
    running.process.watch();
    return running;
  }

  /** Its guests have no disks and cannot grow what is on them, as real ones do. */
  private void fill(Drive drive) throws BangerException, InterruptedException {
    DiskFile disk = new DiskFile(drive.file());
    if (!drive.readOnly() && disk.fileSystem().compareTo(disk.size()) < 0) {
      Finished resized =
          Command.of(binaries, new Tool("resize2fs", "e2fsprogs"), "-f", drive.file().toString())
              .limit(LAUNCH_LIMIT)
              .run();
      if (!resized.ok()) {
        throw new IllegalStateException(resized.toString());
      }
    }
  }

  @Override
  public Map<StepKind, Undoer> undoers() {
    return new VmmRemains(watcher).undoers();
  }

  private List<String> program(VmId id) throws BangerException {
    List<String> words = new ArrayList<>(List.of(binaries.find(program).toString()));
    if (guests.isPresent()) {
      Path own = guests.get().mishaps().resolve(id.value());
      Path every = guests.get().mishaps().resolve("every");
      words.add(binaries.find(guests.get().agent()).toString());
      words.add((Files.exists(own) ? own : every).toString());
    }
    return words;
  }

  @Override
  public Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory)
      throws BangerException {
    VmmFiles files = new VmmFiles(id, runDirectory, logDirectory);
    Optional<ShimRecords.Started> started = ShimRecords.started(runDirectory);
    if (started.isEmpty()) {
      files.remove();
      return Optional.empty();
    }
    Running running = new Running(files, started.get(), "", Optional.empty());
    running.process.watch();
    return Optional.of(running);
  }

  /** It has nothing outside the VMs' directories. */
  @Override
  public void reclaim(Path runDirectories, Known known) {}

  private final class Running implements RunningVmm {
    private final VmmProcess process;
    private final String accelerator;
    private final Optional<Machine> machine;
    private volatile boolean asked;

    Running(
        VmmFiles files,
        ShimRecords.Started started,
        String accelerator,
        Optional<Machine> machine) {
      this.accelerator = accelerator;
      this.machine = machine;
      this.process =
          new VmmProcess(
              files,
              started,
              watcher,
              () -> asked ? Optional.of(VmmExit.Reason.QUIT) : Optional.empty());
    }

    @Override
    public ProcessIdentity identity() {
      return process.identity();
    }

    @Override
    public String accelerator() {
      return accelerator;
    }

    @Override
    public SocketChannel openChannel() throws BangerException {
      return process.openChannel();
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

    @Override
    public void quit() throws BangerException {
      asked = true;
      send("quit\n");
    }

    @Override
    public void pressPowerButton() throws BangerException {
      send("poweroff\n");
    }

    private void send(String line) throws BangerException {
      try (SocketChannel channel = process.connect(process.files().control())) {
        channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void pause() throws BangerException {
      PidWatcher.signal(identity(), Signal.STOP);
    }

    @Override
    public void resume() throws BangerException {
      PidWatcher.signal(identity(), Signal.CONTINUE);
    }

    @Override
    public Optional<Machine> machine() {
      return machine;
    }

    @Override
    public Optional<VmmUsage> usage() throws BangerException {
      return process.usage(Optional.empty());
    }

    @Override
    public void growDisk(Path file, ByteSize size) throws BangerException {
      try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
        disk.setLength(size.bytes());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public List<String> consoleTail(int lines) {
      return process.consoleTail(lines);
    }

    @Override
    public void cleanUp() throws BangerException, InterruptedException {
      process.cleanUp();
    }
  }
}
