package dev.banger.daemon;

import dev.banger.api.EventApi;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.rpc.Call;
import dev.banger.rpc.Methods;
import dev.banger.store.EventTable;
import dev.banger.vm.Events;
import dev.banger.vm.Vms;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** {@code events.subscribe}: each subscriber reads the table at its own pace, on its own thread. */
final class EventMethods {
  /** Between two positions while nothing happens: a cursor stays young enough to come back with. */
  private static final Duration QUIET = Duration.ofSeconds(30);

  private final Vms vms;
  private final Events events;

  EventMethods(Vms vms) {
    this.vms = vms;
    this.events = vms.events();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, EventApi.SUBSCRIBE, this::subscribe);
  }

  private EventApi.Position subscribe(Call call, EventApi.Subscribe wish)
      throws BangerException, InterruptedException {
    call.interruptWhenClosed();
    String vm = wish.vm();
    Optional<VmId> only = vm == null ? Optional.empty() : Optional.of(find(vm));
    long cursor = begin(wish);
    tell(call, cursor);
    while (true) {
      long version = events.version();
      EventTable.Batch batch = events.after(cursor, only);
      batch.events().forEach(event -> call.notify(EventApi.EVENT, Views.of(event)));
      boolean moved = batch.position() != cursor;
      cursor = batch.position();
      if (cursor < batch.newest()) {
        continue;
      }
      if (!wish.follow() || call.closed()) {
        return new EventApi.Position(cursor);
      }
      if (moved && batch.events().isEmpty()) {
        tell(call, cursor);
      }
      events.await(version, QUIET);
    }
  }

  /** Also one that is gone. */
  private VmId find(String vm) throws BangerException {
    try {
      return vms.find(vm).id();
    } catch (BangerException e) {
      return events.lastKnown(vm).orElseThrow(() -> e);
    }
  }

  private long begin(EventApi.Subscribe wish) throws BangerException {
    Long cursor = wish.cursor();
    Long since = wish.sinceMillis();
    if (cursor != null) {
      return cursor == 0 ? events.oldest() : cursor;
    }
    return since == null ? events.newest() : events.before(Instant.ofEpochMilli(since));
  }

  private static void tell(Call call, long cursor) {
    call.notify(EventApi.POSITION, new EventApi.Position(cursor));
  }
}
