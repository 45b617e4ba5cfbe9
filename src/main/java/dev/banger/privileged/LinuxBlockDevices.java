package dev.banger.privileged;

import dev.banger.ffm.DeviceMapper;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Uninterruptibly;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * This host's block devices: the device mapper's control device, and loop devices. Calls that wait
 * for a device's requests run on threads of their own.
 */
public final class LinuxBlockDevices implements BlockDevices {
  private static final Tool MODPROBE = new Tool("modprobe", "kmod");
  private static final Duration MODPROBE_LIMIT = Duration.ofSeconds(20);
  private static final Duration HELD_LIMIT = Duration.ofSeconds(15);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final Path DEVICES = Path.of("/dev");

  private final Binaries binaries;
  private final LoopDevices loops = new LoopDevices();

  public LinuxBlockDevices(Binaries binaries) {
    this.binaries = binaries;
  }

  /** Does something with the device mapper. */
  @FunctionalInterface
  private interface Work<T> {
    T with(DeviceMapper mapper) throws SystemCallException;
  }

  private static <T> T now(String tried, Work<T> work) throws BangerException {
    try (DeviceMapper mapper = DeviceMapper.open()) {
      return work.with(mapper);
    } catch (SystemCallException e) {
      throw failure(tried, e);
    }
  }

  /** As {@link #now}, and it may last. */
  private static <T> T patiently(String tried, Work<T> work) throws BangerException {
    AtomicReference<@Nullable T> result = new AtomicReference<>();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Uninterruptibly.join(
        Thread.ofPlatform()
            .name("banger-devices")
            .daemon()
            .start(() -> {
              try {
                result.set(now(tried, work));
              } catch (BangerException | RuntimeException e) {
                failure.set(e);
              }
            }));
    return switch (failure.get()) {
      case BangerException e -> throw e;
      case RuntimeException e -> throw e;
      case null, default -> {
        T made = result.get();
        if (made == null) {
          throw new IllegalStateException(tried + ": nothing came of it");
        }
        yield made;
      }
    };
  }

  static BangerException failure(String tried, SystemCallException why) {
    String hint =
        why.errno() == SystemCallException.EPERM
            ? "only root may do this"
            : "`dmesg | tail` tells what the kernel says about it";
    return new BangerException(ErrorCode.HOST_UNSUPPORTED, tried, hint, why);
  }

  @Override
  public void require(List<String> targets) throws BangerException, InterruptedException {
    requireNode(DeviceMapper.CONTROL, "dm_mod");
    requireNode(LoopDevices.CONTROL, "loop");
    List<String> missing = missing(targets);
    for (String target : missing) {
      load("dm_" + target);
    }
    List<String> still = missing.isEmpty() ? missing : missing(targets);
    if (!still.isEmpty()) {
      throw without("the device mapper's target " + String.join(", ", still), "dm_" + still.get(0));
    }
  }

  private static List<String> missing(List<String> targets) throws BangerException {
    List<String> missing = new ArrayList<>(targets);
    missing.removeAll(now("cannot ask the device mapper what it can do", DeviceMapper::kinds));
    return missing;
  }

  private void requireNode(Path node, String module) throws BangerException, InterruptedException {
    if (Files.exists(node)) {
      return;
    }
    load(module);
    if (!Files.exists(node)) {
      throw without(node.toString(), module);
    }
  }

  /** Whether it helped is looked at afterwards: what it loads may be built in. */
  private void load(String module) throws BangerException, InterruptedException {
    if (binaries.lookup(MODPROBE).isPresent()) {
      var _ = Command.of(binaries, MODPROBE, "-q", module).limit(MODPROBE_LIMIT).run();
    }
  }

  private BangerException without(String what, String module) {
    String tried =
        binaries.lookup(MODPROBE).isPresent()
            ? ", and `modprobe " + module + "` does not bring it"
            : ", and there is no modprobe to load the module " + module;
    return new BangerException(
        ErrorCode.HOST_UNSUPPORTED,
        "this host has no " + what + tried + " (kernel " + System.getProperty("os.version") + ")",
        "install the modules of the running kernel (restart the host if it has a newer one), or set"
            + " disks.driver = \"overlay\"");
  }

  @Override
  public FileDevice ofFile(Path file, boolean readOnly) throws BangerException {
    return loops.ofFile(file, readOnly);
  }

  @Override
  public int countOfFile(Path file) throws BangerException {
    return loops.count(file);
  }

  @Override
  public Path create(String name, String uuid, List<Stretch> table, boolean readOnly)
      throws BangerException {
    return patiently(
        "cannot make the device " + name + " (" + text(table) + ")",
        mapper -> {
          mapper.create(name, uuid);
          try {
            mapper.load(name, targets(table), readOnly);
            mapper.resume(name);
            return node(mapper.state(name).orElseThrow());
          } catch (SystemCallException | RuntimeException e) {
            mapper.remove(name);
            throw e;
          }
        });
  }

  @Override
  public void exchange(String name, List<Stretch> table, boolean readOnly) throws BangerException {
    boolean _ =
        patiently(
            "cannot change the device " + name + " (" + text(table) + ")",
            mapper -> {
              mapper.load(name, targets(table), readOnly);
              boolean done = false;
              try {
                mapper.suspend(name, true);
                mapper.resume(name);
                done = true;
              } finally {
                if (!done) { // it works on by the table that it has
                  mapper.clear(name);
                  mapper.resume(name);
                }
              }
              return done;
            });
  }

  @Override
  public void remove(String name) throws BangerException, InterruptedException {
    long until = System.nanoTime() + HELD_LIMIT.toNanos();
    while (!removed(name)) {
      if (System.nanoTime() > until) {
        throw held(name);
      }
      Thread.sleep(PAUSE);
    }
  }

  /** False: somebody holds it. */
  private static boolean removed(String name) throws BangerException {
    return patiently(
        "cannot remove the device " + name,
        mapper -> {
          try {
            mapper.remove(name);
            return true;
          } catch (SystemCallException e) {
            if (e.errno() == SystemCallException.ENXIO) {
              return true;
            }
            if (e.errno() == SystemCallException.EBUSY) {
              return false;
            }
            throw e;
          }
        });
  }

  private static BangerException held(String name) throws BangerException {
    Optional<DeviceMapper.State> state =
        now("cannot look at the device " + name, mapper -> mapper.state(name));
    String node = state.map(s -> node(s).toString()).orElse(name);
    return new BangerException(
        ErrorCode.IN_USE,
        "cannot remove the device "
            + name
            + ": it is open "
            + state.map(DeviceMapper.State::openCount).orElse(0)
            + " time(s)",
        "`lsof " + node + "` and `lsblk " + node + "` tell who holds it");
  }

  private static Path node(DeviceMapper.State state) {
    return DEVICES.resolve("dm-" + state.minor());
  }

  @Override
  public Optional<Path> path(String name) throws BangerException {
    if (!Files.exists(DeviceMapper.CONTROL)) {
      return Optional.empty();
    }
    return now("cannot look at the device " + name, mapper -> mapper.state(name))
        .map(LinuxBlockDevices::node);
  }

  @Override
  public List<Stretch> status(String name) throws BangerException {
    return stretches(name, mapper -> mapper.status(name));
  }

  @Override
  public List<Stretch> table(String name) throws BangerException {
    return stretches(name, mapper -> mapper.table(name));
  }

  private static List<Stretch> stretches(String name, Work<List<DeviceMapper.Target>> question)
      throws BangerException {
    if (!Files.exists(DeviceMapper.CONTROL)) {
      return List.of();
    }
    return now(
        "cannot look at the device " + name,
        mapper -> {
          try {
            return question.with(mapper).stream()
                .map(t -> new Stretch(t.start(), t.length(), t.type(), t.parameters()))
                .toList();
          } catch (SystemCallException e) {
            if (e.errno() == SystemCallException.ENXIO) {
              return List.of();
            }
            throw e;
          }
        });
  }

  @Override
  public List<String> names(String prefix) throws BangerException {
    if (!Files.exists(DeviceMapper.CONTROL)) {
      return List.of();
    }
    return now("cannot list the devices", DeviceMapper::list).stream()
        .filter(name -> name.startsWith(prefix))
        .sorted()
        .toList();
  }

  private static List<DeviceMapper.Target> targets(List<Stretch> table) {
    return table.stream()
        .map(s -> new DeviceMapper.Target(s.start(), s.length(), s.type(), s.parameters()))
        .toList();
  }

  private static String text(List<Stretch> table) {
    return String.join("; ", table.stream().map(Stretch::toString).toList());
  }
}
