package dev.banger.guest.ssh;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestListener;
import dev.banger.guest.Incoming;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.helpers.AbstractConnectionServiceRequestHandler;
import org.apache.sshd.common.util.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What listens in a guest for an SSH client ({@code ssh -R}), while its connection lasts. */
final class GuestForwards extends AbstractConnectionServiceRequestHandler {
  private static final Logger LOG = LoggerFactory.getLogger(GuestForwards.class);
  private static final int MOST = 64;
  private static final AttributeKey<Map<String, GuestListener>> LISTENERS = new AttributeKey<>();

  @Override
  public RequestHandler.Result process(
      ConnectionService service, String request, boolean wantsReply, Buffer buffer)
      throws IOException {
    try {
      return switch (request) {
        case "tcpip-forward" -> listen(service, buffer.getString(), buffer.getInt(), wantsReply);
        case "streamlocal-forward@openssh.com" -> listen(service, buffer.getString());
        case "cancel-tcpip-forward" ->
            cancel(service.getSession(), key(buffer.getString(), buffer.getInt()));
        case "cancel-streamlocal-forward@openssh.com" ->
            cancel(service.getSession(), buffer.getString());
        default -> RequestHandler.Result.Unsupported;
      };
    } catch (BangerException e) {
      LOG.info("cannot forward from the guest: {}", DirectChannel.reason(e));
      return RequestHandler.Result.ReplyFailure;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return RequestHandler.Result.ReplyFailure;
    }
  }

  private static String key(String host, int port) {
    return host + ":" + port;
  }

  private static RequestHandler.Result listen(
      ConnectionService service, String host, int wanted, boolean wantsReply)
      throws BangerException, InterruptedException, IOException {
    Session session = service.getSession();
    Guest guest = SshEndpoint.target(session).guest();
    GuestListener listener = guest.listen(GuestHosts.listening(host, wanted));
    int port = listener.port();
    if (!keep(session, key(host, port), listener)) {
      return RequestHandler.Result.ReplyFailure;
    }
    accept(
        listener,
        incoming ->
            ForwardedChannel.open(
                service,
                "forwarded-tcpip",
                incoming.stream(),
                details -> {
                  details.putString(host);
                  details.putUInt(port);
                  details.putString(incoming.peer());
                  details.putUInt(incoming.port());
                }));
    if (wanted != 0 || !wantsReply) {
      return RequestHandler.Result.ReplySuccess;
    }
    Buffer reply = session.createBuffer(SshConstants.SSH_MSG_REQUEST_SUCCESS, Integer.BYTES);
    reply.putUInt(port);
    session.writePacket(reply);
    return RequestHandler.Result.Replied;
  }

  private static RequestHandler.Result listen(ConnectionService service, String path)
      throws BangerException, InterruptedException {
    Session session = service.getSession();
    Guest guest = SshEndpoint.target(session).guest();
    GuestListener listener = guest.listen(new GuestAddress.Unix(path));
    if (!keep(session, path, listener)) {
      return RequestHandler.Result.ReplyFailure;
    }
    accept(
        listener,
        incoming ->
            ForwardedChannel.open(
                service,
                "forwarded-streamlocal@openssh.com",
                incoming.stream(),
                details -> {
                  details.putString(path);
                  details.putString("");
                }));
    return RequestHandler.Result.ReplySuccess;
  }

  /** False when the client has too many, or has gone: then it is closed. */
  private static boolean keep(Session session, String key, GuestListener listener) {
    Map<String, GuestListener> all =
        session.computeAttributeIfAbsent(LISTENERS, _ -> new ConcurrentHashMap<>());
    if (all == null || all.size() >= MOST || all.putIfAbsent(key, listener) != null) {
      listener.close();
      return false;
    }
    session.addCloseFutureListener(_ -> listener.close());
    return true;
  }

  private static RequestHandler.Result cancel(Session session, String key) {
    Map<String, GuestListener> all = session.getAttribute(LISTENERS);
    GuestListener listener = all == null ? null : all.remove(key);
    if (listener == null) {
      return RequestHandler.Result.ReplyFailure;
    }
    listener.close();
    return RequestHandler.Result.ReplySuccess;
  }

  /** What to do with each connection. */
  interface Taker {
    void take(Incoming incoming);
  }

  /** Until the listener is closed or the guest is lost. */
  static void accept(GuestListener listener, Taker taker) {
    Thread.ofVirtual()
        .name("ssh-accept")
        .start(() -> {
          try {
            while (true) {
              taker.take(listener.accept());
            }
          } catch (BangerException e) {
            LOG.debug("a listener of the guest ended", e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
