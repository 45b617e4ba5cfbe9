package dev.banger.daemon;

import dev.banger.api.SetApi;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.rpc.Methods;
import dev.banger.store.VmRow;
import dev.banger.vm.ChangedField;
import dev.banger.vm.VmChange;
import dev.banger.vm.Vms;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code vm.set}. */
final class SetMethods {
  private final Vms vms;

  SetMethods(Vms vms) {
    this.vms = vms;
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, SetApi.SET, (_, wish) -> set(wish));
  }

  private SetApi.Changed set(SetApi.Change wish) throws BangerException, InterruptedException {
    VmChange change =
        new VmChange(
            wish.cpus() == 0 ? Optional.empty() : Optional.of(wish.cpus()),
            size("memory", wish.memory()),
            size("disk", wish.disk()),
            wish.restart() == null
                ? Optional.empty()
                : Optional.of(RestartPolicy.parse(wish.restart())),
            wish.labels(),
            Set.copyOf(wish.unlabel()),
            duration("ttl", wish.ttlMillis()),
            duration("idle-stop", wish.idleStopMillis()),
            Views.wish(wish.network()));
    VmRow row = vms.find(wish.vm());
    return new SetApi.Changed(
        row.id().value(),
        row.name().value(),
        vms.set(row.id().value(), change).stream().map(SetMethods::view).toList());
  }

  private static SetApi.Field view(ChangedField field) {
    String effect =
        switch (field.when()) {
          case NOW -> "now";
          case NEXT_START -> "next-start";
          case UNCHANGED -> "unchanged";
        };
    return new SetApi.Field(field.field(), field.before(), field.after(), effect, field.note());
  }

  private static Optional<ByteSize> size(String what, long bytes) throws BangerException {
    if (bytes < 0) {
      throw negative(what, bytes);
    }
    return bytes == 0 ? Optional.empty() : Optional.of(new ByteSize(bytes));
  }

  private static Optional<Duration> duration(String what, @Nullable Long millis)
      throws BangerException {
    if (millis != null && millis < 0) {
      throw negative(what, millis);
    }
    return Optional.ofNullable(millis).map(Duration::ofMillis);
  }

  private static BangerException negative(String what, long number) {
    return new BangerException(
        ErrorCode.INVALID, "cannot set " + what + " to " + number, "write a number above 0");
  }
}
