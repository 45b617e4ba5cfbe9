package dev.banger.vmm.qemu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.vmm.VmmExit;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Commands to one QEMU, over a connection that is made in the background and made anew when it is
 * lost, and QEMU's word about its end.
 */
final class QemuControl implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(QemuControl.class.getName());
  private static final Duration HANDSHAKE_LIMIT = Duration.ofSeconds(20);
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(10);
  private static final Duration LAST_WORD_LIMIT = Duration.ofSeconds(1);

  /** Of QEMU's {@code RunState}: those that last, in a guest that was running. */
  private static final Set<String> SUSPENDED =
      Set.of("paused", "io-error", "internal-error", "debug", "watchdog");

  /** Makes a connection. */
  @FunctionalInterface
  interface Dialer {
    SocketChannel dial() throws BangerException;
  }

  private final String name;
  private final Dialer dialer;
  private final LeafLock lock = new LeafLock("qemu-control");

  @GuardedBy("lock")
  private @Nullable QmpClient client;

  @GuardedBy("lock")
  private boolean closed;

  private volatile @Nullable String shutdownReason;
  private volatile @Nullable String suspension;

  QemuControl(String name, Dialer dialer) {
    this.name = name;
    this.dialer = dialer;
  }

  /** Connects, so that no event is missed; a failure shows with the first command. */
  void connectInBackground() {
    Thread.ofVirtual()
        .name("qmp-connect-" + name)
        .start(() -> {
          try {
            QmpClient made = connected();
            Object status = made.execute("query-status", Map.of(), COMMAND_LIMIT).get("status");
            if (SUSPENDED.contains(String.valueOf(status))) {
              suspension = "its processors are stopped: " + status;
            }
          } catch (BangerException e) {
            LOG.log(System.Logger.Level.DEBUG, "no connection to the QEMU of " + name, e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  Map<String, Object> execute(String command) throws BangerException, InterruptedException {
    return connected().execute(command, Map.of(), COMMAND_LIMIT);
  }

  /**
   * QEMU enlarges the file itself, through the descriptor that it was started with, and tells the
   * guest.
   */
  void growDisk(Path file, ByteSize size) throws BangerException, InterruptedException {
    QmpClient qemu = connected();
    OptionalLong set =
        QemuDrives.setOf(qemu.execute("query-fdsets", Map.of(), COMMAND_LIMIT), file);
    if (set.isEmpty()) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "cannot find the disk " + file + " in its QEMU",
          "`banger vm restart` gives the guest the new size");
    }
    qemu.execute(
        "block_resize",
        Map.of("device", QemuDrives.device(set.getAsLong()), "size", size.bytes()),
        COMMAND_LIMIT);
  }

  /** QEMU serves one connection at a time: a second one waits until the first has ended. */
  private QmpClient connected() throws BangerException, InterruptedException {
    QmpClient known = current();
    if (known == null) {
      SocketChannel channel = dialer.dial();
      QmpClient made = new QmpClient(channel, name, this::event);
      known = publish(made);
      if (known == made) {
        negotiate(made);
      } else {
        made.close();
      }
    }
    known.awaitNegotiation(HANDSHAKE_LIMIT);
    return known;
  }

  private void negotiate(QmpClient made) throws BangerException, InterruptedException {
    boolean done = false;
    try {
      made.negotiate(HANDSHAKE_LIMIT);
      done = true;
    } finally {
      if (!done) {
        made.close();
      }
    }
  }

  private @Nullable QmpClient current() {
    lock.lock();
    try {
      return client != null && client.connected() ? client : null;
    } finally {
      lock.unlock();
    }
  }

  /** The first of two that connect at once wins. */
  private QmpClient publish(QmpClient made) {
    lock.lock();
    try {
      if (client == null || !client.connected()) {
        client = made;
      }
      if (closed) {
        made.close();
      }
      return client;
    } finally {
      lock.unlock();
    }
  }

  private void event(QmpMessage.Event event) {
    switch (event.name()) {
      case "SHUTDOWN" -> shutdownReason = String.valueOf(event.data().get("reason"));
      case "STOP" -> {
        if (suspension == null) {
          suspension = "its processors are stopped";
        }
      }
      case "BLOCK_IO_ERROR" -> suspension = blockError(event.data());
      case "RESUME" -> suspension = null;
      default -> {}
    }
  }

  /** QEMU stops the guest when the host's disk is full, and goes on with what failed when told. */
  private static @Nullable String blockError(Map<String, Object> data) {
    return "stop".equals(data.get("action"))
        ? "its disk cannot be written: " + data.get("reason")
        : null;
  }

  /** As {@link dev.banger.vmm.RunningVmm#suspended}. */
  Optional<String> suspended() {
    return Optional.ofNullable(suspension);
  }

  /** To be asked when QEMU has ended; empty when it said nothing, or nobody listened. */
  Optional<VmmExit.Reason> lastWord() {
    QmpClient last = current();
    try {
      if (last != null && !last.awaitEnd(LAST_WORD_LIMIT)) {
        LOG.log(System.Logger.Level.DEBUG, "the QEMU of {0} has ended but not its socket", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    String reason = shutdownReason;
    return reason == null ? Optional.empty() : reason(reason);
  }

  /** QEMU's {@code ShutdownCause}. */
  static Optional<VmmExit.Reason> reason(String cause) {
    return switch (cause) {
      case "guest-shutdown" -> Optional.of(VmmExit.Reason.GUEST_POWERED_OFF);
      case "guest-reset", "subsystem-reset" -> Optional.of(VmmExit.Reason.GUEST_REBOOTED);
      case "guest-panic" -> Optional.of(VmmExit.Reason.GUEST_PANICKED);
      case "host-qmp-quit", "host-qmp-system-reset", "host-ui" -> Optional.of(VmmExit.Reason.QUIT);
      case "host-signal" -> Optional.of(VmmExit.Reason.KILLED);
      case "host-error" -> Optional.of(VmmExit.Reason.CRASHED);
      default -> Optional.empty();
    };
  }

  @Override
  public void close() {
    QmpClient last;
    lock.lock();
    try {
      closed = true;
      last = client;
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.close();
    }
  }
}
