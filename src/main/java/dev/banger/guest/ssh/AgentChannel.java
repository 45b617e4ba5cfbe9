package dev.banger.guest.ssh;

import dev.banger.guest.GuestStream;
import java.io.IOException;
import org.apache.sshd.common.session.ConnectionService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection of the guest to the client's agent, through the filter. */
final class AgentChannel extends ForwardedChannel {
  private static final Logger LOG = LoggerFactory.getLogger(AgentChannel.class);

  private final AgentFilter filter;

  private AgentChannel(GuestStream stream, AgentFilter filter) {
    super(stream);
    this.filter = filter;
  }

  static void open(ConnectionService service, GuestStream stream, AgentFilter filter) {
    new AgentChannel(stream, filter).ask(service, "auth-agent@openssh.com", details -> {});
  }

  @Override
  void join(GuestStream stream) {
    Thread.ofVirtual()
        .name("ssh-agent")
        .start(() -> {
          try {
            filter.serve(stream.input(), stream.output(), received(), sent());
          } catch (IOException e) {
            LOG.debug("a guest's connection to an agent was cut off", e);
          }
          stream.close();
          close(false);
        });
  }

  @Override
  void ended() {
    super.ended();
    stream().reset(); // an agent's conversation ends with its client
  }
}
