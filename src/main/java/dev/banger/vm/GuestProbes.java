package dev.banger.vm;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestDatagrams;
import dev.banger.guest.GuestError;
import dev.banger.guest.GuestStream;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.dns.Lookup;
import dev.banger.net.egress.AddressText;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Connects and asks for names from inside a guest, by its agent: no program there is needed. */
final class GuestProbes {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private static final int DNS = 53;
  private static final int EACCES = 13;
  private static final int ENETUNREACH = 101;
  private static final int ETIMEDOUT = 110;
  private static final int ECONNREFUSED = 111;
  private static final int EHOSTUNREACH = 113;

  private final Guest guest;
  private final InetAddress nameServer;
  private final Set<InetSocketAddress> dialled = ConcurrentHashMap.newKeySet();

  GuestProbes(Guest guest, InetAddress nameServer) {
    this.guest = guest;
    this.nameServer = nameServer;
  }

  /** Does it; empty when that takes too long. */
  private static <T> Optional<T> limited(Callable<T> work)
      throws BangerException, InterruptedException {
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<T> future = thread.submit(work);
      try {
        return Optional.of(future.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        future.cancel(true);
        return Optional.empty();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof BangerException known
            ? known
            : new BangerException(
                ErrorCode.GUEST_FAILED, "cannot try it in the guest", "", e.getCause());
      } catch (InterruptedException e) {
        future.cancel(true);
        throw e;
      }
    }
  }

  /** Asks for a name's addresses; empty: nobody answers. */
  Optional<Lookup.Found> resolve(String name, boolean six)
      throws BangerException, InterruptedException {
    Lookup lookup = new Lookup(name, six);
    byte[] question = lookup.question();
    return limited(
            () -> {
              try (GuestDatagrams datagrams = guest.datagrams(address(nameServer, DNS))) {
                datagrams.send(question);
                return Optional.of(lookup.read(datagrams.receive()));
              } catch (IOException e) {
                return Optional.<Lookup.Found>empty();
              }
            })
        .orElse(Optional.empty());
  }

  private static GuestAddress address(InetAddress address, int port) {
    return address instanceof Inet4Address
        ? new GuestAddress.Tcp4(address.getHostAddress(), port)
        : new GuestAddress.Tcp6(AddressText.of(address), port);
  }

  /**
   * Connects.
   *
   * @param target as people write it
   */
  Probe dial(
      String target, InetAddress address, int port, boolean allowed, boolean needed, String note)
      throws BangerException, InterruptedException {
    dialled.add(new InetSocketAddress(address, port));
    long begin = System.nanoTime();
    Probe.Found found =
        limited(
                () -> {
                  try (GuestStream _ = guest.connect(address(address, port))) {
                    return Probe.Found.OPEN;
                  } catch (BangerException e) {
                    return found(e);
                  }
                })
            .orElse(Probe.Found.SILENT);
    return new Probe(target, allowed, needed, found, micros(begin), note);
  }

  /** Where it has connected to, or tried to. */
  Set<InetSocketAddress> dialled() {
    return Set.copyOf(dialled);
  }

  static long micros(long begin) {
    return (System.nanoTime() - begin) / 1000;
  }

  private static Probe.Found found(BangerException e) throws BangerException {
    int errno = e.getCause() instanceof GuestError error ? error.errno() : 0;
    return switch (errno) {
      case ECONNREFUSED -> Probe.Found.CLOSED;
      case EHOSTUNREACH, EACCES -> Probe.Found.REFUSED;
      case ENETUNREACH -> Probe.Found.UNREACHABLE;
      case ETIMEDOUT -> Probe.Found.SILENT;
      default -> throw e;
    };
  }

  /** All at once; in their order. */
  static List<List<Probe>> all(List<Callable<List<Probe>>> probes)
      throws BangerException, InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Probe>>> futures = threads.invokeAll(probes);
      List<List<Probe>> done = new java.util.ArrayList<>();
      for (Future<List<Probe>> future : futures) {
        done.add(future.get());
      }
      return done;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof BangerException known
          ? known
          : new BangerException(
              ErrorCode.INTERNAL, "cannot try what a guest reaches", "", e.getCause());
    }
  }
}
