package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.capability.Authorization;
import dev.banger.capability.Capabilities;
import dev.banger.capability.Channel;
import dev.banger.capability.Ports;
import dev.banger.capability.SystemDisk;
import dev.banger.capability.WorkDisk;
import dev.banger.config.Config;
import dev.banger.config.VmmSettings;
import dev.banger.doctor.HostRoom;
import dev.banger.guest.ssh.SshEndpoint;
import dev.banger.image.Images;
import dev.banger.image.catalog.Catalogs;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.WebContents;
import dev.banger.image.release.Releases;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.StepObserver;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.Publications;
import dev.banger.ops.Operations;
import dev.banger.privileged.LinuxBlockDevices;
import dev.banger.privileged.Root;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.Programs;
import dev.banger.proc.Tool;
import dev.banger.rpc.RpcServer;
import dev.banger.store.Database;
import dev.banger.store.EventTable;
import dev.banger.store.JournalTable;
import dev.banger.store.OperationTable;
import dev.banger.store.ProgramTable;
import dev.banger.store.PublicationTable;
import dev.banger.store.VmTable;
import dev.banger.vm.VmParts;
import dev.banger.vm.Vms;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.AcceleratorProbe;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.firecracker.FirecrackerVmm;
import dev.banger.vmm.qemu.QemuVmm;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All parts of a running daemon, made in the order of the rooms and closed in reverse. */
public final class Daemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
  private static final Duration OPERATIONS_END = Duration.ofSeconds(20);
  private static final Duration REMOVALS_END = Duration.ofSeconds(10);
  private static final Duration REAPER_PERIOD = Duration.ofMinutes(1);
  private static final Tool AGENT = new Tool("banger-agent", "");

  private record Part(String name, AutoCloseable part) {}

  private final Deque<Part> parts = new ArrayDeque<>();
  private final Directories directories;
  private final Backend backend;
  private final Clock clock;
  private final Runnable stop;

  private Daemon(Directories directories, Backend backend, Clock clock, Runnable stop) {
    this.directories = directories;
    this.backend = backend;
    this.clock = clock;
    this.stop = stop;
  }

  /**
   * Opens everything; when it returns the socket answers. What was opened is closed on failure.
   *
   * @param stop begins the daemon's end when a client asks for it, and returns at once
   */
  public static Daemon open(Directories directories, Backend backend, Clock clock, Runnable stop)
      throws BangerException, InterruptedException {
    Daemon daemon = new Daemon(directories, backend, clock, stop);
    try {
      daemon.keep("lock", DirectoryLock.take(directories));
      daemon.wire();
      return daemon;
    } catch (BangerException | InterruptedException | RuntimeException e) {
      daemon.close();
      throw e;
    }
  }

  private void wire() throws BangerException, InterruptedException {
    Config config = configured();
    Database database = keep("store", Database.open(directories.database()));
    PidWatcher watcher = keep("watcher", new PidWatcher()); // outlives operations: undo waits
    StepObserver observer = TestPoints.observer();
    Journal journal = journal(database, observer);
    Operations operations = operations(database, observer);
    Binaries binaries = Binaries.installed(config.binaries(), releases());
    ImageParts stock = stock(config, binaries, journal);
    DiskParts disks = disks(config, binaries, journal);
    ChosenNetwork network = network(config, database, binaries);
    keep("operations", () -> operations.close(OPERATIONS_END)); // they end before their network
    ChosenAccelerator accelerator = accelerator(config, binaries);
    Forwarder forwarder = forwarder(config, database, network);
    Authorization authorization = stock.authorization(config);
    Vms vms =
        Vms.open(
            new VmParts(
                new VmTable(database),
                new EventTable(database),
                operations,
                journal,
                stock.images(),
                stock.kernels(),
                driver(config, binaries, watcher, accelerator, network),
                capabilities(authorization, stock, disks, network, forwarder, database),
                forwarder,
                network.bridged(),
                accelerator::choose,
                confinements(),
                config.vm().bootLimit(),
                config.vm().hangLimit(),
                config.vm().rates(),
                config.admission(),
                () -> HostRoom.look(directories),
                directories,
                clock,
                stock.lock(),
                sweeps(stock, disks, database),
                REAPER_PERIOD,
                disks.chosen().disks()));
    keep("vms", () -> vms.close(REMOVALS_END));
    serve(
        new DaemonParts(
            vms,
            operations,
            journal,
            stock.images(),
            stock.kernels(),
            stock.catalogs(),
            stock.releases(),
            stock.ssh(),
            authorization,
            new ExecSessions(),
            new ProgramTable(database),
            binaries,
            config,
            directories,
            network),
        accelerator);
  }

  private static VmParts.Confinements confinements() throws BangerException {
    boolean root = Root.isRoot();
    return number -> Host.confinement(root, number);
  }

  private Config configured() throws BangerException {
    Config config = Config.read(directories.config().resolve("config.toml"));
    Logging.begin(directories.daemonLog(), config.log());
    return config;
  }

  private ChosenNetwork network(Config config, Database database, Binaries binaries)
      throws BangerException {
    ChosenNetwork network =
        ChosenNetwork.open(config.network(), database, directories, binaries, Root.isRoot(), clock);
    keep("network", network::close);
    return network;
  }

  private Operations operations(Database database, StepObserver observer) throws BangerException {
    Operations operations = new Operations(new OperationTable(database), clock);
    TestPoints.cancels(observer, operations);
    return operations;
  }

  private Journal journal(Database database, StepObserver observer) throws BangerException {
    Journal journal = new Journal(new JournalTable(database), clock, observer);
    journal.undoer(StepKind.PROGRAMS, Programs::undo);
    return journal;
  }

  private Forwarder forwarder(Config config, Database database, ChosenNetwork network)
      throws BangerException {
    Publications all = Publications.open(new PublicationTable(database), new VmTable(database));
    Forwarder forwarder = keep("ports", new Forwarder(all));
    network
        .answerNames(config.network(), database, forwarder)
        .ifPresent(dns -> keep("loopback-dns", dns));
    return forwarder;
  }

  /** What VMs are made of, and how they are spoken with. */
  private record ImageParts(
      Images images,
      Kernels kernels,
      Catalogs catalogs,
      Releases releases,
      SshEndpoint ssh,
      OrderedLock lock) {
    Authorization authorization(Config config) {
      return new Authorization(config.authorization(), ssh.keys().client());
    }

    void reclaim() throws BangerException, InterruptedException {
      images.reclaim();
      kernels.reclaim();
      releases.reclaim();
    }
  }

  private ImageParts stock(Config config, Binaries binaries, Journal journal)
      throws BangerException {
    OrderedLock imageOps = new OrderedLock(LockRank.IMAGE_OPS, "images");
    Kernels kernels =
        new Kernels(directories, binaries, binaries.find(AGENT), imageOps, journal, clock);
    BlobCache blobs = new BlobCache(directories.cache().resolve("blobs"), clock);
    Catalogs catalogs =
        new Catalogs(
            config.catalogs(), () -> new WebContents(blobs, config.registries(), System.getenv()));
    Backend.Parts parts =
        new Backend.Parts(directories, binaries, config, kernels, blobs, catalogs);
    Images images = new Images(directories, backend.imageSources(parts), imageOps, journal, clock);
    Releases releases =
        new Releases(
            directories.vmmReleases(),
            config.vmm().releases(),
            () -> new WebContents(blobs, config.registries(), System.getenv()),
            journal);
    SshEndpoint ssh = keep("ssh", new SshEndpoint(directories.data().resolve("ssh")));
    return new ImageParts(images, kernels, catalogs, releases, ssh, imageOps);
  }

  /** What VMs write to. */
  private record DiskParts(ChosenDisks chosen, DiskTemplates templates) {}

  private DiskParts disks(Config config, Binaries binaries, Journal journal)
      throws BangerException {
    ChosenDisks chosen =
        ChosenDisks.open(
            config.disks(),
            new LinuxBlockDevices(binaries),
            directories,
            Root.isRoot(),
            binaries.lookup(FirecrackerVmm.FIRECRACKER).isPresent());
    chosen.room().addTo(journal);
    return new DiskParts(chosen, new DiskTemplates(directories, binaries, journal));
  }

  private ChosenAccelerator accelerator(Config config, Binaries binaries) {
    Path verdict = directories.cache().resolve("accelerator");
    ChosenAccelerator chosen =
        new ChosenAccelerator(
            new AcceleratorProbe(binaries, QemuVmm.QEMU, verdict), config.accelerator());
    chosen.chooseInBackground();
    return chosen;
  }

  /** The newest first: what is pulled later is found by the next daemon. */
  private List<Path> releases() throws BangerException {
    return Releases.installed(directories.vmmReleases()).stream()
        .map(Releases.Release::directory)
        .toList();
  }

  /** The accelerator matters, and is waited for, only where somebody has to choose. */
  private Vmm driver(
      Config config,
      Binaries binaries,
      PidWatcher watcher,
      ChosenAccelerator accelerator,
      ChosenNetwork network)
      throws BangerException, InterruptedException {
    boolean bridged = network.bridged().isPresent();
    boolean open =
        config.vmm().choice() == VmmSettings.Choice.AUTO
            && bridged
            && binaries.lookup(FirecrackerVmm.FIRECRACKER).isPresent();
    Accelerator known = open ? accelerator.choose() : Accelerator.TCG;
    return backend.driver(new Backend.Machinery(binaries, watcher, config.vmm(), known, bridged));
  }

  /** What a daemon before this one left half made goes; its key is made when there is none. */
  private static List<VmParts.Sweep> sweeps(ImageParts stock, DiskParts disks, Database database) {
    return List.of(
        () -> disks.chosen().reclaim(new VmTable(database)),
        stock::reclaim,
        disks.templates()::reclaim,
        () -> stock.images().seeds().refresh(stock.ssh().keys().client().fingerprint()));
  }

  private static Capabilities capabilities(
      Authorization authorization,
      ImageParts stock,
      DiskParts disks,
      ChosenNetwork network,
      Forwarder forwarder,
      Database database) {
    ProgramTable programs = new ProgramTable(database);
    return new Capabilities(
        List.of(
            new SystemDisk(disks.templates(), disks.chosen().disks(), disks.chosen()),
            new WorkDisk(disks.templates(), stock.images().seeds()),
            authorization,
            network.capability(),
            new Ports(forwarder, network.dialers()),
            new Channel(vm ->
                programs
                    .of(vm)
                    .map(own -> new Channel.Program(own.argv(), own.directory(), own.user())))));
  }

  private void serve(DaemonParts served, ChosenAccelerator accelerator) throws BangerException {
    DaemonMethods own =
        new DaemonMethods(
            served.vms(), served.journal(), directories, accelerator::known, clock, stop);
    RpcServer server =
        keep(
            "server",
            RpcServer.bind(
                new RpcServer.Config(
                    directories.socket(),
                    false,
                    Callers.ownerOf(directories.data()),
                    new RpcServer.Greeting(DaemonApi.HELLO, own.hello()),
                    RpcServer.Limits.STANDARD),
                MethodTable.of(served, own)));
    keep("programs", served.programs()::letGo);
    server.start();
    LOG.info("ready version={} socket={}", own.hello().version(), directories.socket());
  }

  private <T extends AutoCloseable> T keep(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  /** Closes in reverse; VMs run on. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      Part next = parts.pop();
      try {
        next.part().close();
      } catch (Exception e) {
        LOG.warn("cannot close {}", next.name(), e);
      }
    }
    LOG.info("closed");
  }
}
