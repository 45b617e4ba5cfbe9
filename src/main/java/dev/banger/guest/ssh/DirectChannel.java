package dev.banger.guest.ssh;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestError;
import dev.banger.guest.GuestStream;
import dev.banger.model.BangerException;
import java.util.List;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** A connection that the client opens to a socket as the guest sees it: {@code ssh -L}. */
final class DirectChannel extends RelayChannel {
  /** Where to; the rest of the request. */
  private interface Where {
    List<GuestAddress> of(Guest guest, Buffer request) throws BangerException, InterruptedException;
  }

  private final Guest guest;
  private final Where where;

  private DirectChannel(Guest guest, Where where) {
    this.guest = guest;
    this.where = where;
  }

  /** Of both kinds. */
  static List<ChannelFactory> factories() {
    return List.of(
        new Factory(
            "direct-tcpip",
            (guest, request) -> GuestHosts.addresses(guest, request.getString(), request.getInt())),
        new Factory(
            "direct-streamlocal@openssh.com",
            (_, request) -> List.of(new GuestAddress.Unix(request.getString()))));
  }

  private record Factory(String getName, Where where) implements ChannelFactory {
    @Override
    public Channel createChannel(Session session) {
      return new DirectChannel(SshEndpoint.target(session).guest(), where);
    }
  }

  @Override
  protected OpenFuture doInit(Buffer request) {
    OpenFuture opened = new DefaultOpenFuture(this, getFutureLock());
    Buffer copy = new ByteArrayBuffer(request.getCompactData());
    Thread.ofVirtual().name("ssh-direct").start(() -> connect(copy, opened));
    return opened;
  }

  private void connect(Buffer request, OpenFuture opened) {
    try {
      GuestStream stream = connect(guest, where.of(guest, request));
      openStreams();
      signalChannelOpenSuccess(); // the client is told by a listener of the channel
      opened.setOpened();
      join(stream);
    } catch (BangerException e) {
      refuse(opened, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      refuse(opened, e);
    } catch (RuntimeException e) {
      refuse(opened, e); // what the client sent makes no sense
    }
  }

  /** The first that somebody listens on. */
  static GuestStream connect(Guest guest, List<GuestAddress> addresses)
      throws BangerException, InterruptedException {
    for (GuestAddress address : addresses.subList(0, addresses.size() - 1)) {
      try {
        return guest.connect(address);
      } catch (BangerException e) {
        if (!(e.getCause() instanceof GuestError error && error.saysNobodyIsThere())) {
          throw e;
        }
      }
    }
    return guest.connect(addresses.getLast());
  }

  private void refuse(OpenFuture opened, Exception why) {
    opened.setException(
        new SshChannelOpenException(
            getChannelId(), SshConstants.SSH_OPEN_CONNECT_FAILED, reason(why), why));
    close(true);
  }

  /** In one line. */
  static String reason(Exception why) {
    String message = String.valueOf(why.getMessage());
    String reason = why instanceof BangerException e ? e.reason() : "";
    return reason.isEmpty() ? message : message + ": " + reason;
  }
}
