package dev.banger.guest.ssh;

import dev.banger.guest.GuestStream;
import java.io.IOException;
import java.util.function.Consumer;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection that came in at the guest, and that the client takes up: {@code ssh -R}. */
class ForwardedChannel extends RelayChannel {
  private static final Logger LOG = LoggerFactory.getLogger(ForwardedChannel.class);
  private static final int ROOM = 256;

  private final GuestStream stream;
  private volatile boolean taken;

  ForwardedChannel(GuestStream stream) {
    this.stream = stream;
  }

  final GuestStream stream() {
    return stream;
  }

  /**
   * Asks the client to take it up; until it says that it does, the stream waits.
   *
   * @param details what a channel of this type says about itself
   */
  static void open(
      ConnectionService service, String type, GuestStream stream, Consumer<Buffer> details) {
    new ForwardedChannel(stream).ask(service, type, details);
  }

  final void ask(ConnectionService through, String type, Consumer<Buffer> details) {
    try {
      through.registerChannel(this);
      Session session = through.getSession();
      Buffer request = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, ROOM);
      request.putString(type);
      request.putUInt(getChannelId());
      request.putUInt(getLocalWindow().getSize());
      request.putUInt(getLocalWindow().getPacketSize());
      details.accept(request);
      session.writePacket(request);
    } catch (IOException e) {
      LOG.debug("cannot hand a connection of the guest to the client", e);
      stream.reset();
      close(true);
    }
  }

  @Override
  public void handleOpenSuccess(long recipient, long window, long packet, Buffer rest) {
    setRecipient(recipient);
    getRemoteWindow().init(window, packet, this);
    openStreams();
    taken = true;
    join(stream);
  }

  @Override
  public void handleOpenFailure(Buffer why) {
    LOG.debug("the client does not take up a connection of the guest: {}", why.getInt());
    stream.reset();
    setRecipient(0);
    service.unregisterChannel(this);
    close(true);
  }

  @Override
  void ended() {
    super.ended();
    if (!taken) {
      stream.reset();
    }
  }
}
