package dev.banger.guest;

import java.nio.file.Path;

/** Where a guest's channel is found on the host. */
public sealed interface GuestChannel {
  /** The Unix socket of the channel, or of what leads to it. */
  Path socket();

  /** QEMU: the socket is the other end of a virtio-serial port. */
  record Serial(Path socket) implements GuestChannel {}

  /** Firecracker: the socket leads to a vsock port of the guest, after a {@code CONNECT}. */
  record Vsock(Path socket, int port) implements GuestChannel {
    /** The agent's. */
    public static final int AGENT_PORT = 1024;

    public Vsock {
      if (port < 1) {
        throw new IllegalArgumentException("not a vsock port: " + port);
      }
    }
  }
}
