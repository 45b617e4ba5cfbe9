package dev.banger.vmm.qemu;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimRecords;
import dev.banger.vmm.Machine;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.VmmExit;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmProcess;
import dev.banger.vmm.VmmUsage;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One QEMU. */
final class QemuProcess implements RunningVmm {
  private final VmmProcess process;
  private final QemuControl control;
  private final GuestMemory memory;
  private final String accelerator;
  private final Optional<Machine> machine;

  /**
   * @param accelerator empty when it cannot be told any more
   */
  QemuProcess(
      VmmFiles files,
      ShimRecords.Started started,
      PidWatcher watcher,
      GuestMemory memory,
      String accelerator,
      Optional<Machine> machine) {
    this.memory = memory;
    this.machine = machine;
    this.accelerator = accelerator;
    this.process = new VmmProcess(files, started, watcher, this::lastWord);
    this.control = new QemuControl(files.id().value(), () -> this.process.connect(files.control()));
  }

  /** From now on its end is noticed. */
  void begin() throws BangerException {
    process.watch();
    if (process.alive()) {
      control.connectInBackground();
    }
  }

  private Optional<VmmExit.Reason> lastWord() {
    Optional<VmmExit.Reason> word = control.lastWord();
    control.close();
    return word;
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
  public void quit() throws BangerException, InterruptedException {
    control.execute("quit");
  }

  @Override
  public void pressPowerButton() throws BangerException, InterruptedException {
    control.execute("system_powerdown");
  }

  @Override
  public void pause() throws BangerException, InterruptedException {
    control.execute("stop");
  }

  @Override
  public void resume() throws BangerException, InterruptedException {
    control.execute("cont");
  }

  @Override
  public Optional<String> suspended() {
    return control.suspended();
  }

  /** QEMU's word for its state: {@code running}, {@code paused}, .... */
  String status() throws BangerException, InterruptedException {
    return String.valueOf(control.execute("query-status").get("status"));
  }

  @Override
  public Optional<Machine> machine() {
    return machine;
  }

  @Override
  public Optional<VmmUsage> usage() throws BangerException {
    return process.usage(memory.find(process.files()));
  }

  @Override
  public void growDisk(Path file, ByteSize size) throws BangerException, InterruptedException {
    control.growDisk(file, size);
  }

  @Override
  public List<String> consoleTail(int lines) {
    return process.consoleTail(lines);
  }

  @Override
  public void cleanUp() throws BangerException, InterruptedException {
    process.cleanUp();
    memory.remove(process.files());
  }
}
