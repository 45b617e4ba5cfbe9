package dev.banger.daemon;

import dev.banger.config.Config;
import dev.banger.config.RegistrySettings;
import dev.banger.image.DebianSource;
import dev.banger.image.ImageSource;
import dev.banger.image.OciSource;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.OciClient;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.qemu.QemuVmm;
import java.time.Clock;
import java.util.List;

/** Where a daemon's machines and images come from. */
public interface Backend {
  Vmm driver(Binaries binaries, PidWatcher watcher);

  /** Asked in this order. */
  List<ImageSource> imageSources(Directories directories, Binaries binaries, Config config)
      throws BangerException;

  /** QEMU; the packages of the host's own distribution, and registries. */
  static Backend standard() {
    return new Backend() {
      @Override
      public Vmm driver(Binaries binaries, PidWatcher watcher) {
        return new QemuVmm(binaries, watcher);
      }

      @Override
      public List<ImageSource> imageSources(
          Directories directories, Binaries binaries, Config config) throws BangerException {
        RegistrySettings registries = config.registries();
        BlobCache blobs = new BlobCache(directories.cache().resolve("blobs"), Clock.systemUTC());
        OciSource registry =
            new OciSource(
                blobs,
                () ->
                    new OciClient(
                        blobs, directories.cache(), registries, System.getenv(), binaries),
                registries);
        return List.of(new DebianSource(directories, binaries), registry);
      }
    };
  }
}
