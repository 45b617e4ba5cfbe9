package dev.banger.vmm;

import dev.banger.config.Config.AcceleratorChoice;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimLauncher;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;

/**
 * Tries KVM with a real 64-bit guest, in a child that is killed at its deadline: a /dev/kvm that
 * opens proves nothing. The verdict is kept for as long as boot, kernel, VMM and processor are the
 * same.
 */
public final class AcceleratorProbe {
  private static final System.Logger LOG = System.getLogger(AcceleratorProbe.class.getName());
  private static final Duration LIMIT = Duration.ofSeconds(6);
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** A vCPU that takes longer for the payload's 1,000,000 turns is interpreted, not run. */
  private static final Duration FAST_ENOUGH = Duration.ofMillis(100);

  private static final String KEY = "key";
  private static final String USABLE = "usable";
  private static final String STEP = "step";
  private static final String REASON = "reason";

  private final Binaries binaries;
  private final Tool vmm;
  private final Path cache;

  /**
   * @param vmm the program that would use KVM
   * @param cache file that keeps the verdict
   */
  public AcceleratorProbe(Binaries binaries, Tool vmm, Path cache) {
    this.binaries = binaries;
    this.vmm = vmm;
    this.cache = cache;
  }

  /** What the user chose, else what works. */
  public Accelerator choose(AcceleratorChoice choice) throws BangerException, InterruptedException {
    return switch (choice) {
      case KVM -> Accelerator.KVM;
      case TCG -> Accelerator.TCG;
      case AUTO -> verdict().accelerator();
    };
  }

  /** The kept verdict, or a new one. */
  public AcceleratorVerdict verdict() throws BangerException, InterruptedException {
    String key = key();
    Optional<AcceleratorVerdict> kept = kept(key);
    if (kept.isPresent()) {
      return kept.get();
    }
    AcceleratorVerdict verdict = probe();
    keep(key, verdict);
    return verdict;
  }

  /** Tries now, whatever is kept. */
  public AcceleratorVerdict probe() throws BangerException, InterruptedException {
    try {
      return read(
          Command.of(binaries, ShimLauncher.SHIM, "--probe-kvm")
              .limit(LIMIT)
              .grace(Duration.ZERO)
              .run());
    } catch (BangerException e) {
      if (e.code() == ErrorCode.TIMEOUT) {
        return new AcceleratorVerdict(
            false, "run", "the probe did not end within " + LIMIT.toSeconds() + " s");
      }
      throw e;
    }
  }

  /** {@code usable nanos=N}, or {@code unusable step=S reason=...}. */
  static AcceleratorVerdict read(Finished probe) {
    String answer = probe.output().strip();
    if (probe.ok() && answer.startsWith("usable nanos=")) {
      return timed(answer.substring("usable nanos=".length()));
    }
    int reason = answer.indexOf(" reason=");
    if (answer.startsWith("unusable step=") && reason > 0) {
      return new AcceleratorVerdict(
          false,
          answer.substring("unusable step=".length(), reason),
          answer.substring(reason + " reason=".length()));
    }
    return new AcceleratorVerdict(
        false, "run", "the probe ended with status " + probe.status() + ": '" + answer + "'");
  }

  private static AcceleratorVerdict timed(String nanos) {
    try {
      Duration took = Duration.ofNanos(Long.parseLong(nanos));
      String text = "1,000,000 turns of a loop took " + took.toMillis() + " ms";
      return took.compareTo(FAST_ENOUGH) <= 0
          ? new AcceleratorVerdict(true, "", text)
          : new AcceleratorVerdict(
              false, "speed", text + ", more than " + FAST_ENOUGH.toMillis() + " ms");
    } catch (NumberFormatException e) {
      return new AcceleratorVerdict(false, "run", "the probe measured '" + nanos + "'");
    }
  }

  /** Size and date stand for the VMM's version: asking it costs more than the probe. */
  private String key() throws BangerException {
    Optional<Path> program = binaries.lookup(vmm);
    String version = "none";
    try {
      if (program.isPresent()) {
        Path real = program.get().toRealPath();
        version = real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
      }
      String model =
          Files.readAllLines(CPU_INFO).stream()
              .filter(line -> line.startsWith("model name"))
              .findFirst()
              .orElse("unknown");
      return String.join(
          "; ",
          ProcessIdentity.currentBootId(),
          System.getProperty("os.version", ""),
          version,
          model.substring(model.indexOf(':') + 1).strip());
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot look at " + CPU_INFO + " or " + program, "", e);
    }
  }

  private Optional<AcceleratorVerdict> kept(String key) {
    Properties values = new Properties();
    try {
      values.load(new StringReader(Files.readString(cache)));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
    if (!key.equals(values.getProperty(KEY))) {
      return Optional.empty();
    }
    return Optional.of(
        new AcceleratorVerdict(
            values.getProperty(USABLE, "").equals("true"),
            values.getProperty(STEP, ""),
            values.getProperty(REASON, "")));
  }

  /** A verdict that cannot be kept is found again next time. */
  private void keep(String key, AcceleratorVerdict verdict) {
    Properties values = new Properties();
    values.setProperty(KEY, key);
    values.setProperty(USABLE, Boolean.toString(verdict.kvmUsable()));
    values.setProperty(STEP, verdict.step());
    values.setProperty(REASON, verdict.reason());
    Path fresh =
        cache.resolveSibling(cache.getFileName() + ".new-" + ProcessHandle.current().pid());
    try {
      StringWriter text = new StringWriter();
      values.store(text, null);
      Files.createDirectories(cache.toAbsolutePath().resolveSibling(""));
      Files.writeString(fresh, text.toString(), StandardCharsets.UTF_8);
      Files.move(fresh, cache, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot keep the verdict about KVM in " + cache, e);
    }
  }
}
