package dev.banger.proof;

import dev.banger.daemon.Backend;
import dev.banger.daemon.DaemonMain;
import dev.banger.image.CatalogSource;
import dev.banger.image.ImageSource;
import dev.banger.image.TinyImageSource;
import dev.banger.image.oci.WebContents;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.Tool;
import dev.banger.vmm.FakeVmm;
import dev.banger.vmm.Vmm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The daemon's own wiring, with {@link FakeVmm} for QEMU and {@link TinyImageSource} for Debian.
 * Its programs are named in the home's config.toml.
 */
final class TestDaemonMain implements Backend {
  static final String VMM = "fake_vmm";
  static final String AGENT = "banger-agent";

  private final Path mishaps;
  private final Path program;

  private TestDaemonMain(Path mishaps, Path program) {
    this.mishaps = mishaps;
    this.program = program;
  }

  /** {@code HOME MISHAPS PROGRAM}: where mishaps are told, and what images hold. */
  public static void main(String[] arguments) {
    String[] daemon = {"daemon", "--data-dir", arguments[0]};
    Backend backend = new TestDaemonMain(Path.of(arguments[1]), Path.of(arguments[2]));
    System.exit(
        DaemonMain.run(daemon, backend, new JumpingClock(TestHome.clock(Path.of(arguments[0])))));
  }

  @Override
  public Vmm driver(Machinery machinery) {
    Binaries binaries = machinery.binaries();
    PidWatcher watcher = machinery.watcher();
    return new FakeVmm(
        binaries,
        new Tool(VMM, "no-such-package"),
        watcher,
        Optional.of(new FakeVmm.Guests(new Tool(AGENT, "no-such-package"), mishaps)));
  }

  @Override
  public List<ImageSource> imageSources(Parts parts) {
    return List.of(
        new TinyImageSource(program, parts.binaries()),
        new CatalogSource(
            parts.catalogs(),
            parts.kernels(),
            () -> new WebContents(parts.blobs(), parts.config().registries(), Map.of())),
        new LayoutSource(parts.directories(), parts.binaries()));
  }
}
