package dev.banger.guest.ssh;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestError;
import dev.banger.guest.GuestStream;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;

/**
 * An SSH server that the guest runs itself, on its loopback. The way there is the VM's channel, so
 * it needs no network.
 */
public final class GuestServer {
  /** How long after the call a server may begin to listen: an image's init may be under way. */
  public static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final GuestStream stream;

  private GuestServer(GuestStream stream) {
    this.stream = stream;
  }

  /**
   * Connects to it, as soon as it listens.
   *
   * @param port 1 to 65535, else INVALID
   * @param patience after that much time without a listener UNAVAILABLE is thrown
   */
  public static GuestServer dial(Guest guest, String vm, int port, Duration patience)
      throws BangerException, InterruptedException {
    if (port < 1 || port > 0xFFFF) {
      throw new BangerException(
          ErrorCode.INVALID, port + " is no port", "give one from 1 to 65535; sshd's own is 22");
    }
    List<GuestAddress> places =
        List.of(new GuestAddress.Tcp4("127.0.0.1", port), new GuestAddress.Tcp6("::1", port));
    long begin = System.nanoTime();
    while (true) {
      try {
        return new GuestServer(DirectChannel.connect(guest, places));
      } catch (BangerException e) {
        if (!(e.getCause() instanceof GuestError error && error.saysNobodyIsThere())) {
          throw e;
        }
        if (System.nanoTime() - begin >= patience.toNanos()) {
          throw new BangerException(
              ErrorCode.UNAVAILABLE,
              "no SSH server of "
                  + vm
                  + "'s own listens on its port "
                  + port
                  + ", nor began to within "
                  + patience.toSeconds()
                  + " s",
              "start one in the guest, or leave out --direct: banger's own needs none",
              e);
        }
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Carries the connection until both directions have ended, or one was cut off. */
  public void join(InputStream client, OutputStream toClient)
      throws IOException, InterruptedException {
    Thread up = Thread.ofVirtual().name("ssh-to-server").start(() -> send(client));
    try {
      stream.input().transferTo(toClient);
      toClient.close();
      up.join();
      stream.close();
    } finally {
      stream.reset();
    }
  }

  private void send(InputStream client) {
    try {
      client.transferTo(stream.output());
      stream.closeOutput();
    } catch (IOException _) {
      stream.reset(); // the other direction sees that as well
    }
  }
}
