package dev.banger.daemon;

import dev.banger.api.ErrorData;
import dev.banger.api.EventApi;
import dev.banger.api.NetworkApi;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.image.Image;
import dev.banger.model.BangerException;
import dev.banger.net.EgressWish;
import dev.banger.net.NetworkWish;
import dev.banger.ops.OperationStatus;
import dev.banger.store.EventRow;
import dev.banger.store.LeaseRow;
import dev.banger.store.VmRow;
import dev.banger.vm.VmState;
import dev.banger.vm.VmView;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the rooms know, as the records that clients read. */
final class Views {
  private Views() {}

  static VmApi.View of(VmView vm) {
    return of(vm, null);
  }

  /**
   * @param image says what its VMs are for; null: that is not told
   */
  static VmApi.View of(VmView vm, @Nullable Image image) {
    VmRow row = vm.row();
    VmState.Up up = vm.state() instanceof VmState.Up u ? u : null;
    return new VmApi.View(
        row.id().value(),
        row.name().value(),
        vm.state().name(),
        vm.state().reason().isEmpty() ? null : vm.state().reason(),
        vm.since().toEpochMilli(),
        row.source().image(),
        row.source().kernel(),
        row.shape().cpus(),
        row.shape().memory().bytes(),
        row.shape().disk().bytes(),
        vm.running()
            .map(now -> new VmApi.Shape(now.cpus(), now.memory().bytes(), now.disk().bytes()))
            .orElse(null),
        row.initMode(),
        row.labels(),
        row.env(),
        address(vm),
        up == null ? null : up.pid(),
        up == null ? null : up.accelerator(),
        row.life().created().toEpochMilli(),
        millis(row.life().started().orElse(null)),
        millis(row.life().stopped().orElse(null)),
        policies(row),
        image == null ? null : image.defaults().ports(),
        image == null ? null : image.defaults().volumes(),
        vm.published().stream().map(Object::toString).toList(),
        vm.network().map(Views::network).orElse(null),
        vm.loopback()
            .map(own -> new NetworkApi.User(own.address(), own.by().orElse(null)))
            .orElse(null));
  }

  private static @Nullable String address(VmView vm) {
    return vm.network().isPresent()
        ? vm.network().get().addresses().getFirst().getHostAddress()
        : vm.loopback().map(VmView.Loopback::address).orElse(null);
  }

  private static NetworkApi.Card network(VmView.Network network) {
    LeaseRow lease = network.lease();
    return new NetworkApi.Card(
        network.addresses().stream().map(InetAddress::getHostAddress).toList(),
        lease.nat(),
        text(lease.network()),
        lease.egress(),
        lease.egressMode());
  }

  /** What a client wants of the network. */
  static NetworkWish wish(NetworkApi.@Nullable Wanted wish) throws BangerException {
    return wish == null
        ? NetworkWish.NONE
        : NetworkWish.parse(
            Optional.ofNullable(wish.ip()),
            Optional.ofNullable(wish.nat()),
            Optional.ofNullable(wish.network()),
            EgressWish.parse(
                Optional.ofNullable(wish.egress()),
                Optional.ofNullable(wish.egressAdd()),
                Optional.ofNullable(wish.egressRemove()),
                Optional.ofNullable(wish.egressMode())));
  }

  private static VmApi.Policies policies(VmRow row) {
    VmRow.Policy policy = row.policy();
    return new VmApi.Policies(
        policy.restart().toString(),
        row.restarts().count(),
        millis(row.restarts().due().orElse(null)),
        policy.ttl().map(Duration::toMillis).orElse(null),
        millis(policy.expires().orElse(null)),
        policy.idleStop().map(Duration::toMillis).orElse(null));
  }

  /** Whether it has a VMM, or will soon: what {@code vm ls} shows without {@code --all}. */
  static boolean isUp(VmApi.View vm) {
    return !List.of("creating", "created", "stopped", "failed").contains(vm.state());
  }

  static EventApi.Event of(EventRow event) {
    return new EventApi.Event(
        event.cursor(),
        event.time().toEpochMilli(),
        event.vm().value(),
        event.name(),
        event.kind(),
        text(event.from()),
        text(event.to()),
        text(event.reason()),
        text(event.detail()));
  }

  private static @Nullable String text(String text) {
    return text.isEmpty() ? null : text;
  }

  private static @Nullable Long millis(@Nullable Instant instant) {
    return instant == null ? null : instant.toEpochMilli();
  }

  /** {@code result} is JSON, or null while there is none. */
  static OperationApi.Status of(OperationStatus status, @Nullable String result) {
    return new OperationApi.Status(
        status.id(),
        status.kind(),
        status.subject(),
        status.state().name().toLowerCase(Locale.ROOT),
        status.stage(),
        status.done(),
        status.total(),
        status.stages().stream()
            .map(stage -> new OperationApi.Stage(stage.name(), stage.took().toMillis()))
            .toList(),
        status.begun().toEpochMilli(),
        millis(status.ended().orElse(null)),
        result,
        status.error().map(error -> of(error, status.id())).orElse(null));
  }

  private static ErrorData of(BangerException error, String operation) {
    String message = error.getMessage();
    return new ErrorData(
        error.code().name(),
        message == null ? "" : message,
        error.reason(),
        error.hint(),
        operation);
  }
}
