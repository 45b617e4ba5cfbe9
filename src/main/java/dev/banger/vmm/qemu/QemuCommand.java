package dev.banger.vmm.qemu;

import dev.banger.model.ByteSize;
import dev.banger.proc.ShimCommand;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * QEMU's command line for one VM. Every file and socket is an inherited descriptor: QEMU, confined
 * or not, needs no right to a path. Disks go by {@code /dev/fdset}, which asks for no permission
 * anew; what QEMU opens by itself (kernel, initramfs, memory) by {@code /proc/self/fd}.
 */
final class QemuCommand {
  private static final String FILE = ",cache=writeback,file=/dev/fdset/";

  /** A flush that has failed must fail again when it is tried again: no page cache in between. */
  private static final String DEVICE =
      ",cache=none,werror=stop,file.driver=host_device,file.filename=/dev/fdset/";

  private static final ByteSize CONSOLE_LIMIT = ByteSize.mib(1);
  private static final ByteSize ERRORS_LIMIT = ByteSize.kib(256);
  private static final String AGENT_PORT = "dev.banger.agent";

  /** The kind of network that QEMU brings itself. */
  static final String OWN_NETWORK = "user";

  private static final String SANDBOX =
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

  private final VmmSpec spec;
  private final Path memory;
  private final OptionalLong counterKilohertz;
  private final ShimCommand shim;
  private final List<String> line = new ArrayList<>();

  /**
   * @param memory the file that holds the guest's RAM
   * @param counterKilohertz the time stamp counter's rate
   */
  QemuCommand(Path qemu, VmmSpec spec, Path memory, OptionalLong counterKilohertz) {
    this.spec = spec;
    this.memory = memory;
    this.counterKilohertz = counterKilohertz;
    this.shim = new ShimCommand(spec.runDirectory());
    line.add(qemu.toString());
  }

  /** The guest's RAM, in the unit that QEMU takes. */
  static ByteSize memorySize(VmmSpec spec) {
    return spec.memory().roundUp(ByteSize.mib(1));
  }

  ShimCommand build() {
    VmmFiles files = spec.files();
    shim.serial(files.console(), CONSOLE_LIMIT).errors(files.errors(), ERRORS_LIMIT);
    shim.console(files.line());
    shim.limit("core", 0);
    add("-name", "guest=banger-" + spec.id() + ",debug-threads=on");
    add("-nodefaults", "-no-user-config", "-no-reboot");
    add("-display", "none");
    add("-sandbox", SANDBOX);
    machine();
    kernel();
    console();
    add("-object", "rng-random,filename=/dev/urandom,id=rng0");
    add("-device", "virtio-rng-device,rng=rng0");
    channels(files);
    for (int i = 0; i < spec.drives().size(); i++) {
      drive(i, spec.drives().get(i));
    }
    for (int i = 0; i < spec.nics().size(); i++) {
      nic(i, spec.nics().get(i));
    }
    return shim.program(line);
  }

  private boolean emulated() {
    return spec.accelerator() == Accelerator.TCG;
  }

  /** Under TCG a guest that cannot be told the counter's rate needs the old timer to measure it. */
  private void machine() {
    boolean oldTimer = emulated() && counterKilohertz.isEmpty();
    String timers = oldTimer ? ",pit=on,pic=on" : ",pit=off,pic=off";
    ByteSize size = memorySize(spec);
    add("-M", "microvm,rtc=on" + timers + ",memory-backend=ram0");
    add("-accel", spec.accelerator().toString());
    add("-cpu", emulated() ? "max" : "host");
    add("-smp", Integer.toString(spec.cpus()));
    add("-m", (size.bytes() >> 20) + "M");
    int descriptor = shim.openWritable(memory);
    add(
        "-object",
        "memory-backend-file,id=ram0,share=on,mem-path="
            + inherited(descriptor)
            + ",size="
            + size.bytes());
  }

  private void kernel() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "console=ttyS0",
                "quiet",
                "panic=-1",
                "cryptomgr.notests",
                "8250.nr_uarts=1",
                "banger.channel=virtio",
                "banger.vmm=qemu"));
    if (emulated()) {
      // The guest's counter is the host's own. Its watchdog would compare it with timer ticks,
      // which
      // come late on a busy host, and take those for the time: the guest's clock would fall behind.
      counterKilohertz.ifPresent(
          rate -> arguments.addAll(List.of("tsc_early_khz=" + rate, "tsc=reliable")));
    }
    arguments.addAll(spec.kernelArguments());
    add("-kernel", inherited(shim.openReadOnly(spec.kernel())));
    add("-initrd", inherited(shim.openReadOnly(spec.initramfs())));
    add("-append", String.join(" ", arguments));
  }

  private void console() {
    add("-chardev", "stdio,id=console0,signal=off");
    add("-serial", "chardev:console0");
  }

  /** The sockets listen before QEMU runs: whoever connects early just waits. */
  private void channels(VmmFiles files) {
    add("-chardev", socket("control0", shim.listen(files.control())));
    add("-mon", "chardev=control0,mode=control");
    add("-chardev", socket("agent0", shim.listen(files.channel())));
    add("-device", "virtio-serial-device");
    add("-device", "virtserialport,chardev=agent0,id=agent,name=" + AGENT_PORT);
  }

  /** {@code auto-read-only=off}: an fdset has no descriptor for a look before the real opening. */
  private void drive(int index, Drive drive) {
    String id = QemuDrives.device(index);
    int descriptor =
        drive.readOnly() ? shim.openReadOnly(drive.file()) : shim.openWritable(drive.file());
    add("-add-fd", QemuDrives.addDescriptor(descriptor, index, drive.file()));
    add(
        "-drive",
        "if=none,format=raw,auto-read-only=off,id="
            + id
            + (drive.kind() == Drive.Kind.DEVICE ? DEVICE : FILE)
            + index
            + ",read-only="
            + (drive.readOnly() ? "on" : "off")
            + drive.rate().map(rate -> ",throttling.bps-total=" + rate.bytes()).orElse("")
            + (drive.discard() ? ",discard=unmap,detect-zeroes=unmap" : ""));
    String serial = drive.serial().isEmpty() ? "" : ",serial=" + drive.serial();
    add("-device", "virtio-blk-device,drive=" + id + serial);
  }

  private void nic(int index, Nic nic) {
    String id = "net" + index;
    String link =
        switch (nic.link()) {
          case Nic.UserNetwork _ -> OWN_NETWORK + ",id=" + id;
          case Nic.Carrier beside ->
              "stream,server=off,addr.type=fd,id="
                  + id
                  + ",addr.str="
                  + shim.carrier(beside.program(), beside.arguments());
          case Nic.Tap tap -> "tap,id=" + id + ",fd=" + shim.attach(tap.name());
        };
    add("-netdev", link);
    add("-device", "virtio-net-device,netdev=" + id + ",mac=" + nic.mac());
  }

  private static String socket(String id, int descriptor) {
    return "socket,id=" + id + ",fd=" + descriptor + ",server=on,wait=off";
  }

  private static String inherited(int descriptor) {
    return "/proc/self/fd/" + descriptor;
  }

  private void add(String... words) {
    line.addAll(List.of(words));
  }
}
