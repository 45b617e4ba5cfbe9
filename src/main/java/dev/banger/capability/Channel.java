package dev.banger.capability;

import dev.banger.guest.GuestConfiguration;
import dev.banger.guest.InitMode;
import dev.banger.image.ImageDefaults;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What makes the guest this very VM: its name, machine id, randomness and init mode. */
public final class Channel implements Capability {
  private static final Logger LOG = LoggerFactory.getLogger(Channel.class);
  private static final int MACHINE_ID_DIGITS = 32;

  /**
   * What a guest runs by itself.
   *
   * @param user empty: root
   */
  public record Program(List<String> argv, String directory, String user) {}

  /** What a VM was made to run in place of what its image says; empty: nothing else. */
  @FunctionalInterface
  public interface Programs {
    Optional<Program> of(VmId vm) throws BangerException;
  }

  private final SecureRandom random = new SecureRandom();
  private final Programs programs;

  public Channel(Programs programs) {
    this.programs = programs;
  }

  @Override
  public String name() {
    return "channel";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException {
    byte[] entropy = new byte[GuestConfiguration.ENTROPY_BYTES];
    random.nextBytes(entropy);
    plan.guest()
        .hostname(plan.vm().name().value())
        .machineId(machineId(plan.vm().id()))
        .entropy(entropy)
        .environment(environment(plan.vm()))
        .init(InitMode.valueOf(plan.vm().initMode().toUpperCase(Locale.ROOT)));
    boolean runsOne = plan.program().isPresent() || plan.vm().life() == DiskTemplate.Life.ONE_RUN;
    if (plan.vm().image().defaults().service() && !runsOne) {
      entrypoint(plan);
    }
  }

  private void entrypoint(StartPlan plan) throws BangerException {
    ImageDefaults defaults = plan.vm().image().defaults();
    Program own =
        programs
            .of(plan.vm().id())
            .orElse(new Program(defaults.command(), defaults.workingDirectory(), defaults.user()));
    if (!own.argv().isEmpty()) {
      int signal = stopSignal(plan.vm(), defaults.stopSignal());
      plan.guest().entrypoint(own.argv(), own.directory(), own.user(), signal);
    }
  }

  private static int stopSignal(StartPlan.Vm vm, String name) {
    OptionalInt signal = StopSignal.number(name);
    if (signal.isEmpty() && !name.isEmpty()) {
      LOG.warn("vm={} its image's stop signal '{}' is none: SIGTERM it is", vm.name(), name);
    }
    return signal.orElse(StopSignal.TERM);
  }

  /** What the VM says, else what its image says. */
  private static Map<String, String> environment(StartPlan.Vm vm) {
    List<String> variables = new ArrayList<>(vm.image().defaults().environment());
    variables.addAll(vm.env());
    Map<String, String> all = new LinkedHashMap<>();
    for (String variable : variables) {
      int equals = variable.indexOf('=');
      all.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return all;
  }

  /** Stays the same over all starts of a VM, and is no other VM's. */
  private static String machineId(VmId id) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(("banger machine " + id).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, MACHINE_ID_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
