package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.api.LogApi;
import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.config.Config;
import dev.banger.image.Image;
import dev.banger.image.Images;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Durations;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmName;
import dev.banger.net.port.PortSpec;
import dev.banger.net.port.PortWishes;
import dev.banger.rpc.Methods;
import dev.banger.store.VmRow;
import dev.banger.vm.FirstProgram;
import dev.banger.vm.VmSpec;
import dev.banger.vm.VmView;
import dev.banger.vm.Vms;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code vm.*} but the streams. */
final class VmMethods {
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final Duration SERVICE_GRACE = Duration.ofSeconds(10);
  private static final Duration MOST_GRACE = Duration.ofHours(1);
  private static final Duration MOST_WAIT = Duration.ofDays(30);

  private final Vms vms;
  private final Images images;
  private final Config.VmDefaults defaults;
  private final VmLogs logs;
  private final LogReading reading;
  private final ChosenNetwork network;

  VmMethods(DaemonParts parts) {
    this.vms = parts.vms();
    this.images = parts.images();
    this.defaults = parts.config().vm();
    this.network = parts.network();
    this.logs = new VmLogs(parts.directories());
    this.reading = new LogReading(vms, parts.directories());
  }

  void addTo(Methods methods) {
    add(methods, LogApi.READ, (_, wish) -> reading.read(wish));
    add(
        methods,
        VmApi.CREATE_BEGIN,
        (call, wish) -> {
          String warning = warning();
          Vms.Begun begun =
              vms.create(
                  spec(wish, false, call.peer().user(), Optional.empty()),
                  wish.start(),
                  wait(wish.waitMillis()),
                  Optional.ofNullable(wish.idempotencyKey()));
          return new VmApi.CreateBegun(
              begun.operation(), begun.id().value(), begun.name(), warning);
        });
    add(
        methods,
        VmApi.START_BEGIN,
        (_, wish) ->
            new OperationApi.Begun(
                vms.start(wish.vm(), wish.waitSystem(), wait(wish.waitMillis())).operation()));
    add(
        methods,
        VmApi.RESTART_BEGIN,
        (_, wish) ->
            new OperationApi.Begun(
                vms.restart(
                        wish.vm(), grace(wish.vm(), 0), wish.waitSystem(), wait(wish.waitMillis()))
                    .operation()));
    add(
        methods,
        VmApi.LIST,
        (_, filter) ->
            new VmApi.Views(
                vms.list().stream()
                    .map(Views::of)
                    .filter(vm -> filter.all() || Views.isUp(vm))
                    .toList()));
    add(methods, VmApi.SHOW, (_, ref) -> show(vms.show(ref.vm())));
    add(
        methods,
        VmApi.STOP,
        (_, wish) ->
            Views.of(vms.stop(wish.vm(), grace(wish.vm(), wish.timeoutMillis()), wish.force())));
    add(methods, VmApi.KILL, (_, wish) -> Views.of(kill(wish)));
    add(
        methods,
        VmApi.DELETE,
        (_, wish) -> {
          vms.delete(wish.vm(), wish.force());
          return new DaemonApi.Nothing();
        });
    add(
        methods,
        VmApi.LOGS,
        (_, wish) ->
            new VmApi.LogText(logs.read(vms.find(wish.vm()).id(), wish.source(), wish.lines())));
  }

  /** Said once: before the first VM is made. */
  private @Nullable String warning() throws BangerException, InterruptedException {
    return vms.isEmpty() ? network.warning() : null;
  }

  static Optional<Duration> wait(@Nullable Long millis) throws BangerException {
    if (millis != null && (millis < 1 || millis > MOST_WAIT.toMillis())) {
      throw new BangerException(
          ErrorCode.INVALID,
          "nothing waits " + millis + " ms for room",
          "choose 1 ms to " + Durations.text(MOST_WAIT));
    }
    return Optional.ofNullable(millis).map(Duration::ofMillis);
  }

  private VmView kill(VmApi.Kill wish) throws BangerException, InterruptedException {
    String signal = wish.signal() == null ? "KILL" : wish.signal();
    if (!signal.equals("KILL") && !signal.equals("SIGKILL") && !signal.equals("9")) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot send " + signal + " to a VM",
          "KILL ends it at once; `banger vm stop` asks the guest first");
    }
    return vms.kill(wish.vm());
  }

  private VmApi.View show(VmView vm) throws BangerException {
    Optional<Image> image = image(vm.row());
    return Views.of(vm, image.orElse(null));
  }

  /** Empty while it has none yet, and when it cannot be read. */
  private Optional<Image> image(VmRow row) throws BangerException {
    try {
      return Optional.of(images.byId(row.source().imageId()));
    } catch (BangerException e) {
      if (e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.CORRUPT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** A service gets as long as docker gives it, a whole machine more. */
  private Duration grace(String vm, long millis) throws BangerException {
    if (millis > 0) {
      return Duration.ofMillis(Math.min(millis, MOST_GRACE.toMillis()));
    }
    VmRow row = vms.find(vm);
    boolean service = image(row).filter(image -> runsService(row, image)).isPresent();
    return service ? SERVICE_GRACE : GRACE;
  }

  private static boolean runsService(VmRow row, Image image) {
    boolean agent = row.initMode().equals("agent");
    boolean auto = row.initMode().equals("auto") && !image.hasInit();
    return image.defaults().service() && !row.oneShot() && (agent || auto);
  }

  VmSpec spec(VmApi.Create wish, boolean oneShot, String owner, Optional<FirstProgram> program)
      throws BangerException {
    return new VmSpec(
        wish.name() == null ? Optional.empty() : Optional.of(VmName.parse(wish.name())),
        wish.image() == null ? defaults.image() : wish.image(),
        Optional.ofNullable(wish.kernel()),
        wish.cpus() == 0 ? defaults.cpus() : wish.cpus(),
        size("memory", wish.memory(), defaults.memory()),
        size("disk", wish.disk(), defaults.disk()),
        wish.env(),
        oneShot && wish.initMode().equals("auto") ? "agent" : wish.initMode(),
        oneShot,
        wish.labels(),
        owner,
        RestartPolicy.parse(wish.restart() == null ? "no" : wish.restart()),
        length(wish.ttlMillis()),
        length(wish.idleStopMillis()),
        new PortWishes(
            wish.publish() == null ? List.of() : PortSpec.parse(wish.publish()),
            wish.publishExposed()),
        Views.wish(wish.network()),
        program);
  }

  private static Optional<Duration> length(long millis) throws BangerException {
    if (millis < 0) {
      throw new BangerException(
          ErrorCode.INVALID, "a length of time cannot be " + millis + " ms", "0 stands for none");
    }
    return millis == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis));
  }

  private static ByteSize size(String what, long bytes, ByteSize otherwise) throws BangerException {
    if (bytes < 0) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot give a VM " + bytes + " bytes of " + what, "write e.g. 512M");
    }
    return bytes == 0 ? otherwise : new ByteSize(bytes);
  }

  static <P extends Record, R> void add(
      Methods methods, Method<P, R> method, Methods.Handler<P, R> handler) {
    methods.add(method.name(), method.params(), method.result(), handler);
  }
}
