package dev.banger.guest.ssh;

import dev.banger.guest.GuestStream;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A channel whose bytes go to and come from a socket of the guest; each direction ends alone. */
abstract class RelayChannel extends ByteChannel {
  private static final Logger LOG = LoggerFactory.getLogger(RelayChannel.class);

  /** How long a guest may take to read what was on its way to it when the client closed. */
  private static final Duration LINGER = Duration.ofSeconds(30);

  private volatile @Nullable Relay relay;

  /** The guest's side, and who brings the client's bytes there. */
  private record Relay(GuestStream stream, Thread fromClient) {
    /** What the client sent before it closed still arrives, as at a socket that is closed. */
    void end() {
      try {
        if (fromClient.join(LINGER)) {
          stream.close();
        } else {
          stream.reset();
        }
      } catch (InterruptedException e) {
        stream.reset();
        Thread.currentThread().interrupt();
      }
    }
  }

  /** After the channel was opened. */
  void join(GuestStream stream) {
    Thread fromClient = Thread.ofVirtual().name("ssh-to-guest").start(() -> toGuest(stream));
    Relay joined = new Relay(stream, fromClient);
    relay = joined;
    if (isClosing()) {
      end(joined);
    }
    Thread.ofVirtual().name("ssh-from-guest").start(() -> fromGuest(joined));
  }

  private void toGuest(GuestStream stream) {
    try {
      copy(received(), stream.output());
      stream.closeOutput();
    } catch (IOException e) {
      LOG.debug("{}: the guest takes no more", this, e);
      stream.reset();
    }
  }

  private void fromGuest(Relay joined) {
    try {
      copy(joined.stream().input(), sent());
      finishSending();
      joined.fromClient().join();
      close(false);
    } catch (IOException e) {
      LOG.debug("{}: the guest's bytes were cut off", this, e);
      close(true);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close(true);
    }
  }

  @Override
  void ended() {
    super.ended();
    Relay joined = relay;
    if (joined != null) {
      end(joined);
    }
  }

  private static void end(Relay joined) {
    Thread.ofVirtual().name("ssh-linger").start(joined::end);
  }
}
