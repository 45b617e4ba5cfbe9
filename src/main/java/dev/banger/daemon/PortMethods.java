package dev.banger.daemon;

import dev.banger.api.PortApi;
import dev.banger.guest.ListeningPort;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.port.Addresses;
import dev.banger.net.port.Forwarding;
import dev.banger.net.port.PortSpec;
import dev.banger.rpc.Methods;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationRow.Protocol;
import dev.banger.store.VmRow;
import dev.banger.vm.Publishing;
import dev.banger.vm.Vms;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code vm.publish}, {@code vm.unpublish}, {@code vm.ports}. */
final class PortMethods {
  private final Vms vms;

  PortMethods(Vms vms) {
    this.vms = vms;
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, PortApi.PUBLISH, (_, wish) -> publish(wish));
    VmMethods.add(methods, PortApi.UNPUBLISH, (_, wish) -> unpublish(wish));
    VmMethods.add(
        methods,
        PortApi.PORTS,
        (_, names) ->
            new PortApi.Ports(
                vms.publishing().look(names.vms()).stream().map(PortMethods::view).toList()));
  }

  private PortApi.Published publish(PortApi.Publish wish)
      throws BangerException, InterruptedException {
    requireSome(wish.specs(), "publish");
    VmRow row = vms.find(wish.vm());
    var rows = vms.publishing().publish(row.id().value(), PortSpec.parse(wish.specs()));
    return published(row, rows);
  }

  private PortApi.Published unpublish(PortApi.Unpublish wish)
      throws BangerException, InterruptedException {
    if (!wish.all()) {
      requireSome(wish.specs(), "unpublish");
    } else if (!wish.specs().isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot unpublish some ports and all of them", "leave one out");
    }
    VmRow row = vms.find(wish.vm());
    return new PortApi.Published(
        row.id().value(),
        row.name().value(),
        vms
            .publishing()
            .unpublish(row.id().value(), PortSpec.parse(wish.specs()), wish.all())
            .stream()
            .map(one -> publication(one, Optional.empty()))
            .toList());
  }

  private static void requireSome(List<String> specs, String verb) throws BangerException {
    if (specs.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID, "there is no port to " + verb, "write as 8080:80");
    }
  }

  /** As they are now. */
  private PortApi.Published published(VmRow row, List<PublicationRow> rows)
      throws BangerException, InterruptedException {
    List<Forwarding> forwarding = vms.publishing().forwarding(row.id());
    return new PortApi.Published(
        row.id().value(),
        row.name().value(),
        rows.stream().map(one -> publication(one, door(one, forwarding))).toList());
  }

  private static Optional<Forwarding> door(PublicationRow row, List<Forwarding> forwarding) {
    return forwarding.stream()
        .filter(one -> !one.own() && one.protocol() == row.protocol())
        .filter(one -> one.host().equals(row.host()))
        .findFirst();
  }

  private static PortApi.Publication publication(PublicationRow row, Optional<Forwarding> door) {
    String problem = door.map(Forwarding::problem).orElse("");
    String state = door.map(one -> one.open() ? "open" : "failed").orElse("closed");
    return new PortApi.Publication(
        row.protocol().toString(),
        row.address(),
        row.port(),
        row.guestPort(),
        row.chosen(),
        state,
        text(problem));
  }

  private static PortApi.VmPorts view(Publishing.Seen seen) {
    return new PortApi.VmPorts(
        seen.row().id().value(),
        seen.row().name().value(),
        text(seen.address()),
        seen.listening().stream()
            .sorted(
                Comparator.comparing(ListeningPort::protocol).thenComparingInt(ListeningPort::port))
            .map(port -> listener(port, seen.forwarding()))
            .toList(),
        seen.published().stream()
            .map(row -> publication(row, door(row, seen.forwarding())))
            .toList(),
        seen.forwarding().stream().filter(Forwarding::own).map(PortMethods::own).toList(),
        text(seen.missing()));
  }

  private static PortApi.Listener listener(ListeningPort port, List<Forwarding> forwarding) {
    Protocol protocol = port.protocol() == ListeningPort.Protocol.TCP ? Protocol.TCP : Protocol.UDP;
    return new PortApi.Listener(
        protocol.toString(),
        Addresses.text(port.address()),
        port.port(),
        port.pid() == 0 ? null : port.pid(),
        text(port.process()),
        forwarding.stream()
            .filter(one -> one.open() && one.protocol() == protocol)
            .filter(one -> one.guestPort() == port.port())
            .map(Forwarding::host)
            .toList());
  }

  private static PortApi.Own own(Forwarding forwarding) {
    return new PortApi.Own(
        forwarding.protocol().toString(),
        forwarding.guestPort(),
        forwarding.open(),
        text(forwarding.problem()));
  }

  private static @Nullable String text(String text) {
    return text.isEmpty() ? null : text;
  }
}
