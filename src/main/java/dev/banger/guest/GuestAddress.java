package dev.banger.guest;

/** A socket inside the guest. */
public sealed interface GuestAddress {
  /** {@code address} is an IPv4 address in digits. */
  record Tcp4(String address, int port) implements GuestAddress {
    public Tcp4 {
      requirePort(port);
    }
  }

  /** {@code address} is an IPv6 address in digits. */
  record Tcp6(String address, int port) implements GuestAddress {
    public Tcp6 {
      requirePort(port);
    }
  }

  /** A Unix socket; {@code mode} matters when it is made. */
  record Unix(String path, int mode) implements GuestAddress {
    public Unix(String path) {
      this(path, 0600);
    }
  }

  private static void requirePort(int port) {
    if (port < 0 || port > 0xFFFF) {
      throw new IllegalArgumentException("not a port: " + port);
    }
  }

  /** Family, address and port, as CONNECT and LISTEN begin. */
  static void write(GuestAddress address, WireWriter out) {
    switch (address) {
      case Tcp4 tcp -> out.u8(4).name(tcp.address()).u16(tcp.port());
      case Tcp6 tcp -> out.u8(6).name(tcp.address()).u16(tcp.port());
      case Unix unix -> out.u8(1).path(unix.path()).u16(0);
    }
  }
}
