package dev.banger.daemon;

import dev.banger.config.Config;
import dev.banger.config.RegistrySettings;
import dev.banger.config.VmmSettings;
import dev.banger.image.CatalogSource;
import dev.banger.image.DebianSource;
import dev.banger.image.ImageSource;
import dev.banger.image.OciSource;
import dev.banger.image.catalog.Catalogs;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.OciClient;
import dev.banger.image.oci.WebContents;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.firecracker.FirecrackerSettings;
import dev.banger.vmm.firecracker.FirecrackerVmm;
import dev.banger.vmm.qemu.QemuVmm;
import java.nio.file.Path;
import java.util.List;

/** Where a daemon's machines and images come from. */
public interface Backend {
  Vmm driver(Machinery machinery) throws BangerException, InterruptedException;

  /**
   * What a driver is chosen by and made of.
   *
   * @param bridged whether VMs are on a bridge of this host, with tap devices
   */
  record Machinery(
      Binaries binaries,
      PidWatcher watcher,
      VmmSettings settings,
      Accelerator accelerator,
      boolean bridged) {}

  /** Asked in this order. */
  List<ImageSource> imageSources(Parts parts) throws BangerException;

  /** What image sources are made of. */
  record Parts(
      Directories directories,
      Binaries binaries,
      Config config,
      Kernels kernels,
      BlobCache blobs,
      Catalogs catalogs) {}

  /** Firecracker only where it certainly can run, unless somebody asks for it. */
  private static Vmm chosen(Machinery machinery) throws InterruptedException {
    QemuVmm qemu = new QemuVmm(machinery.binaries(), machinery.watcher());
    FirecrackerVmm firecracker =
        new FirecrackerVmm(
            machinery.binaries(),
            machinery.watcher(),
            FirecrackerSettings.of(machinery.settings().jailer()));
    boolean first =
        switch (machinery.settings().choice()) {
          case FIRECRACKER -> true;
          case QEMU -> false;
          case AUTO ->
              machinery.bridged()
                  && machinery.accelerator() == Accelerator.KVM
                  && firecracker.missing().isEmpty();
        };
    return new ChosenVmm(first ? firecracker : qemu, qemu, firecracker);
  }

  /** QEMU or Firecracker; the packages of the host's own distribution, and registries. */
  static Backend standard() {
    return new Backend() {
      @Override
      public Vmm driver(Machinery machinery) throws InterruptedException {
        return chosen(machinery);
      }

      @Override
      public List<ImageSource> imageSources(Parts parts) throws BangerException {
        RegistrySettings registries = parts.config().registries();
        Path cache = parts.directories().cache();
        OciSource registry =
            new OciSource(
                parts.blobs(),
                () ->
                    new OciClient(
                        parts.blobs(), cache, registries, System.getenv(), parts.binaries()),
                registries);
        CatalogSource catalog =
            new CatalogSource(
                parts.catalogs(),
                parts.kernels(),
                () -> new WebContents(parts.blobs(), registries, System.getenv()));
        return List.of(catalog, new DebianSource(parts.directories(), parts.binaries()), registry);
      }
    };
  }
}
