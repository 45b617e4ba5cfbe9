package dev.banger.privileged;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.DBusMemberName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;

/** What banger asks of systemd-resolved: org.freedesktop.resolve1(5). */
@DBusInterfaceName("org.freedesktop.resolve1.Manager")
public interface ResolveManager extends DBusInterface {
  /** A server's address. */
  final class Server extends Struct {
    /** AF_INET or AF_INET6. */
    @Position(0)
    public final int family;

    @Position(1)
    public final List<Byte> address;

    public Server(int family, List<Byte> address) {
      this.family = family;
      this.address = List.copyOf(address);
    }
  }

  /** A domain whose names the link's servers are asked. */
  final class Domain extends Struct {
    @Position(0)
    public final String name;

    /** Not for completing names that have no dot. */
    @Position(1)
    public final boolean routingOnly;

    public Domain(String name, boolean routingOnly) {
      this.name = name;
      this.routingOnly = routingOnly;
    }
  }

  @DBusMemberName("SetLinkDNS")
  void setLinkDns(int link, List<Server> servers);

  @DBusMemberName("SetLinkDomains")
  void setLinkDomains(int link, List<Domain> domains);

  @DBusMemberName("SetLinkDefaultRoute")
  void setLinkDefaultRoute(int link, boolean enable);

  @DBusMemberName("SetLinkLLMNR")
  void setLinkLlmnr(int link, String mode);

  @DBusMemberName("SetLinkMulticastDNS")
  void setLinkMulticastDns(int link, String mode);

  @DBusMemberName("SetLinkDNSOverTLS")
  void setLinkDnsOverTls(int link, String mode);

  @DBusMemberName("SetLinkDNSSEC")
  void setLinkDnssec(int link, String mode);

  @DBusMemberName("RevertLink")
  void revertLink(int link);
}
