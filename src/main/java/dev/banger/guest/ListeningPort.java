package dev.banger.guest;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** A socket on which a process of the guest listens; pid 0: not known. */
public record ListeningPort(
    Protocol protocol, InetAddress address, int port, long pid, String process, long uid) {
  /** The transport. */
  public enum Protocol {
    TCP,
    UDP
  }

  static ListeningPort read(WireReader in) throws MalformedException {
    int protocol = in.u8();
    if (protocol != 6 && protocol != 17) {
      throw new MalformedException("the IP protocol " + protocol);
    }
    return new ListeningPort(
        protocol == 6 ? Protocol.TCP : Protocol.UDP,
        address(in.bytes()),
        in.u16(),
        in.u32(),
        in.string(),
        in.u32());
  }

  private static InetAddress address(byte[] bytes) throws MalformedException {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new MalformedException("an IP address of " + bytes.length + " bytes");
    }
  }
}
