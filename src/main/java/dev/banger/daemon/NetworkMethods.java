package dev.banger.daemon;

import dev.banger.api.EgressApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.AskedName;
import dev.banger.net.Destination;
import dev.banger.net.EgressReport;
import dev.banger.net.VmNetworks;
import dev.banger.net.egress.AddressText;
import dev.banger.rpc.Methods;
import dev.banger.store.LeaseRow;
import dev.banger.store.VmRow;
import dev.banger.vm.Probe;
import dev.banger.vm.Reachability;
import dev.banger.vm.Vms;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** {@code network.egress}, {@code network.test}, {@code network.list}. */
final class NetworkMethods {
  private final Vms vms;
  private final Optional<VmNetworks> networks;
  private final Reachability reachability;

  NetworkMethods(Vms vms, Optional<VmNetworks> networks) {
    this.vms = vms;
    this.networks = networks;
    this.reachability = new Reachability(vms, networks, Clock.systemUTC());
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, EgressApi.EGRESS, (_, of) -> report(vms.find(of.vm())));
    VmMethods.add(
        methods, EgressApi.TEST, (_, wish) -> tested(reachability.test(wish.vm(), wish.targets())));
    VmMethods.add(methods, EgressApi.LIST, (_, _) -> list());
  }

  private VmNetworks bridge() throws BangerException {
    return networks.orElseThrow(() ->
        new BangerException(
            ErrorCode.HOST_UNSUPPORTED,
            "VMs have the user network here, which keeps nothing away and notes nothing",
            "run the daemon as root with network.mode = \"bridge\""));
  }

  private EgressApi.Report report(VmRow row) throws BangerException, InterruptedException {
    EgressReport report = bridge().egress(row.id(), row.life().created());
    return new EgressApi.Report(
        row.id().value(),
        row.name().value(),
        report.egress().toString(),
        report.egress().mode().toString(),
        report.seen().stream().map(one -> destination(report, one)).toList(),
        report.asked().reversed().stream().map(one -> name(report, one)).toList(),
        report.suggestion());
  }

  private static EgressApi.Destination destination(EgressReport report, Destination one) {
    return new EgressApi.Destination(
        AddressText.of(one.address()),
        report.names(one.address()),
        one.protocolName(),
        one.port() == 0 ? null : one.port(),
        one.count(),
        one.first().toEpochMilli(),
        one.last().toEpochMilli(),
        report.lists(one),
        report.passes(one));
  }

  private static EgressApi.AskedName name(EgressReport report, AskedName one) {
    return new EgressApi.AskedName(
        one.name(),
        one.count(),
        one.first().toEpochMilli(),
        one.last().toEpochMilli(),
        report.egress().resolves(one.name()));
  }

  private static EgressApi.Tested tested(Reachability.Tested tested) {
    return new EgressApi.Tested(
        tested.row().id().value(),
        tested.row().name().value(),
        tested.bridged() ? "bridge" : "user",
        tested.probes().stream().map(NetworkMethods::probe).toList(),
        tested.isAsExpected());
  }

  private static EgressApi.Probe probe(Probe probe) {
    return new EgressApi.Probe(
        probe.target(),
        probe.allowed() ? "allowed" : "refused",
        probe.found().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        probe.micros() / 1000.0,
        probe.isAsExpected(),
        probe.note());
  }

  private EgressApi.Networks list() throws BangerException, InterruptedException {
    Map<String, List<EgressApi.Member>> members = new TreeMap<>();
    for (LeaseRow lease : bridge().members()) {
      members
          .computeIfAbsent(lease.network(), _ -> new ArrayList<>())
          .add(
              new EgressApi.Member(
                  lease.vm().value(),
                  vms.find(lease.vm().value()).name().value(),
                  bridge().addresses(lease).stream().map(AddressText::of).toList()));
    }
    return new EgressApi.Networks(
        members.entrySet().stream()
            .map(one -> new EgressApi.Network(one.getKey(), one.getValue()))
            .toList());
  }
}
