package dev.banger.proof;

import dev.banger.api.OperationApi;
import dev.banger.api.SetApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One client of a storm: asks at random, and holds every answer against what it sees next. */
final class StormClient implements Runnable {
  private static final Duration NOTICED = Duration.ofSeconds(5);
  private static final int MOST_PATIENCE_MILLIS = 120;

  /** What a client may be told of a VM that others work on, too. */
  private static final Set<ErrorCode> FAIR =
      EnumSet.of(
          ErrorCode.WRONG_STATE,
          ErrorCode.NOT_FOUND,
          ErrorCode.ALREADY_EXISTS,
          ErrorCode.CANCELLED,
          ErrorCode.GUEST_FAILED,
          ErrorCode.VMM_FAILED);

  private final int number;
  private final TestDaemon daemon;
  private final StormSettings settings;
  private final StormLog log;
  private final Gate gate;
  private final StormEvents events;
  private final List<OwnedVm> owned;
  private final List<String> contended;
  private final Random random;
  private @Nullable TestClient connection;
  private volatile boolean ending;

  StormClient(
      int number,
      TestDaemon daemon,
      StormSettings settings,
      StormLog log,
      Gate gate,
      StormEvents events,
      List<OwnedVm> owned,
      List<String> contended) {
    this.number = number;
    this.daemon = daemon;
    this.settings = settings;
    this.log = log;
    this.gate = gate;
    this.events = events;
    this.owned = List.copyOf(owned);
    this.contended = List.copyOf(contended);
    this.random = new Random(settings.seed() * 31 + number);
  }

  /** It goes on until its present call is over. */
  void end() {
    ending = true;
  }

  @Override
  public void run() {
    try {
      while (!ending) {
        gate.enter();
        try {
          step();
        } finally {
          gate.leave();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception | AssertionError e) {
      log.lie("client-" + number, "gave up: " + e);
    } finally {
      hangUp();
    }
  }

  private void step() throws Exception {
    boolean alone = contended.isEmpty() || (!owned.isEmpty() && random.nextInt(4) != 0);
    try {
      if (alone) {
        work(owned.get(random.nextInt(owned.size())));
      } else {
        contend(contended.get(random.nextInt(contended.size())));
      }
    } catch (BangerException e) {
      hangUp();
      if (!isLost(e)) {
        throw e;
      }
      log.lost();
    }
  }

  private TestClient connection() throws Exception {
    TestClient there = connection;
    if (there == null) {
      there = TestClient.connect(daemon.directories());
      if (there == null) {
        throw new BangerException(ErrorCode.UNAVAILABLE, "no daemon", "");
      }
      connection = there;
    }
    return there;
  }

  private void hangUp() {
    TestClient there = connection;
    connection = null;
    if (there != null) {
      there.close();
    }
  }

  private List<VmApi.View> list() throws Exception {
    TestClient client = connection();
    long asked = System.currentTimeMillis();
    List<VmApi.View> all = client.list();
    events.answered(asked, all, true);
    return all;
  }

  private VmApi.View show(String vm) throws Exception {
    TestClient client = connection();
    long asked = System.currentTimeMillis();
    VmApi.View view = client.show(vm);
    events.answered(asked, List.of(view), false);
    return view;
  }

  private static boolean isLost(BangerException e) {
    return e.code() == ErrorCode.UNAVAILABLE;
  }

  /** One action on a VM that is ours alone. */
  private void work(OwnedVm vm) throws Exception {
    Fate before = vm.settle(list());
    StormAction action = StormAction.any(random);
    if (StormAction.ACCIDENTS.contains(action)) {
      accident(action, vm, before);
    } else if (action == StormAction.CANCEL_CREATE || action == StormAction.CANCEL_START) {
      cancel(action, vm, before);
    } else if (action == StormAction.SET) {
      set(vm, before);
    } else {
      ask(action, vm, before);
    }
    vm.settle(list());
  }

  private void ask(StormAction action, OwnedVm vm, Fate before) throws Exception {
    StormAction.Expected expected = action.expected(before);
    if (action == StormAction.RESTART) {
      vm.forgetPid();
    }
    mustBe(vm, expected.lost());
    log.did(vm.name(), "client-" + number + " " + action + " of " + before);
    try {
      call(action, vm.name());
      if (expected.done() == null) {
        log.lie(vm.name(), action + " succeeded, must be refused as " + expected.refusal());
        mustBe(vm, EnumSet.allOf(Fate.class));
      } else {
        vm.mustBe(expected.done());
      }
    } catch (BangerException e) {
      if (isLost(e)) {
        log.note(vm.name(), "cut off");
        if (vm.restartsItself()) {
          vm.forgetPid(); // what was ended half-way has failed, and comes up again
        }
        throw e;
      }
      log.note(vm.name(), "refused: " + e.code() + " " + e.getMessage());
      vm.mustBe(before);
      if (e.code() != expected.refusal()) {
        log.lie(
            vm.name(), action + " of " + before + " failed: " + e.code() + " " + e.getMessage());
        mustBe(vm, EnumSet.allOf(Fate.class));
      }
    }
  }

  private static void mustBe(OwnedVm vm, Set<Fate> fates) {
    vm.mustBe(fates.iterator().next(), fates.toArray(Fate[]::new));
  }

  private void call(StormAction action, String vm) throws Exception {
    TestClient client = connection();
    switch (action) {
      case CREATE -> client.create(vm, false);
      case CREATE_STARTED -> client.create(vm, true);
      case START -> client.start(vm);
      case STOP -> client.stop(vm, false);
      case KILL -> client.kill(vm);
      case RESTART -> client.restart(vm);
      case DELETE -> client.delete(vm, true);
      case DELETE_IF_OFF -> client.delete(vm, false);
      case EXEC -> exec(vm);
      default -> throw new IllegalStateException(action + " is not one call");
    }
  }

  private void exec(String vm) throws Exception {
    String word = "w" + random.nextInt(1_000_000);
    TestClient.Ran ran = connection().exec(vm, "/bin/sh", "-c", "echo " + word + "; exit 3");
    if (!ran.equals(new TestClient.Ran(3, word + "\n"))) {
      log.lie(vm, "exec answered " + ran + " to " + word);
    }
  }

  /** All of the change, or nothing. */
  private void set(OwnedVm vm, Fate before) throws Exception {
    StormChange old = vm.settings();
    if (before == Fate.ABSENT || old == null) {
      return;
    }
    boolean off = before != Fate.RUNNING;
    StormChange wish = StormChange.any(random, number, old, off, settings.scripted());
    vm.mustHave(old, wish);
    log.did(vm.name(), "client-" + number + " SET to " + wish);
    try {
      change(wish.request(vm.name()), wish.word());
      vm.mustHave(wish);
    } catch (BangerException e) {
      if (isLost(e)) {
        log.note(vm.name(), "cut off");
        throw e;
      }
      vm.mustHave(old);
      log.lie(vm.name(), "SET of " + before + " failed: " + e.code() + " " + e.getMessage());
    }
  }

  /** An event tells of it once, when it was made; of one that was cut off, once or not at all. */
  private void change(SetApi.Change change, String word) throws Exception {
    TestClient client = connection();
    events.mustBeTold(word, 0, 1);
    try {
      SetApi.Changed _ = client.call(SetApi.SET, change);
      events.mustBeTold(word, 1, 1);
    } catch (BangerException e) {
      if (!isLost(e)) {
        events.mustBeTold(word, 0, 0);
      }
      throw e;
    }
  }

  /** Begins, and cancels after a moment: what was cancelled has changed nothing. */
  private void cancel(StormAction action, OwnedVm vm, Fate before) throws Exception {
    boolean create = action == StormAction.CANCEL_CREATE;
    if (create != (before == Fate.ABSENT) || before == Fate.RUNNING) {
      return;
    }
    vm.mustBe(before, Fate.RUNNING);
    int patience = random.nextInt(MOST_PATIENCE_MILLIS);
    log.did(vm.name(), "client-" + number + " " + action + " after " + patience + " ms");
    TestClient client = connection();
    String operation =
        create
            ? client.beginCreate(TestClient.wish(vm.name(), true)).operation()
            : client.call(VmApi.START_BEGIN, new VmApi.Start(vm.name(), false, null)).operation();
    Thread.sleep(patience); // the moment is the test
    OperationApi.Status end = client.cancel(operation);
    log.note(vm.name(), end.state() + " at " + end.stage());
    switch (end.state()) {
      case OperationApi.DONE -> vm.mustBe(Fate.RUNNING);
      case OperationApi.CANCELLED -> vm.mustBe(before);
      default -> log.lie(vm.name(), "the cancelled " + action + " ended as " + end);
    }
  }

  /** Something happens to the guest: within seconds it shows as what it is. */
  private void accident(StormAction action, OwnedVm vm, Fate before) throws Exception {
    Long pid = vm.pid();
    if (before != Fate.RUNNING || pid == null) {
      return;
    }
    if (action != StormAction.VMM_DIES && !settings.scripted()) {
      return;
    }
    Fate after = action == StormAction.GUEST_POWERS_OFF ? Fate.STOPPED : Fate.FAILED;
    String id = show(vm.name()).id();
    if (after == Fate.FAILED && vm.restartsItself()) {
      after = Fate.RUNNING;
      vm.mustNotHave(pid);
    }
    vm.mustBe(after, Fate.RUNNING);
    log.did(vm.name(), "client-" + number + " " + action);
    if (action == StormAction.VMM_DIES) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    } else {
      tell(id, action == StormAction.GUEST_PANICS ? "panic\n" : "poweroff\n");
    }
    long until = System.nanoTime() + NOTICED.toNanos();
    vm.mustBe(after);
    while (!vm.judge(list()).isEmpty() && System.nanoTime() < until) {
      Thread.sleep(20); // the daemon says by an event when it has noticed; a look is simpler
    }
  }

  private void tell(String id, String line) throws IOException {
    var address =
        UnixDomainSocketAddress.of(daemon.directories().vmRuns().resolve(id).resolve("vmm.sock"));
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(address);
      channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
    }
  }

  /** One action on a VM that others work on, too: anything fair may be answered. */
  private void contend(String vm) throws Exception {
    StormAction action = StormAction.any(random);
    log.did(vm, "client-" + number + " " + action);
    try {
      switch (action) {
        case VMM_DIES, GUEST_PANICS, GUEST_POWERS_OFF -> show(vm);
        case CANCEL_CREATE -> {
          String operation = connection().beginCreate(TestClient.wish(vm, true)).operation();
          connection().cancel(operation);
        }
        case CANCEL_START -> {
          var begun = connection().call(VmApi.START_BEGIN, new VmApi.Start(vm, false, null));
          connection().cancel(begun.operation());
        }
        case STOP -> connection().stop(vm, random.nextBoolean());
        case SET -> {
          String round = StormChange.round(random, number);
          change(StormChange.labelled(vm, round), StormChange.word(round));
        }
        default -> call(action, vm);
      }
    } catch (BangerException e) {
      if (isLost(e)) {
        throw e;
      }
      log.note(vm, "client-" + number + " " + e.code());
      if (!FAIR.contains(e.code())) {
        log.lie(vm, action + " failed: " + e.code() + " " + e.getMessage() + ": " + e.reason());
      }
    }
  }
}
