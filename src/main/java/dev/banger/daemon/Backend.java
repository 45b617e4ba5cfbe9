package dev.banger.daemon;

import dev.banger.image.DebianSource;
import dev.banger.image.ImageSource;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.qemu.QemuVmm;
import java.util.List;

/** Where a daemon's machines and images come from. */
public interface Backend {
  Vmm driver(Binaries binaries, PidWatcher watcher);

  /** Asked in this order. */
  List<ImageSource> imageSources(Directories directories, Binaries binaries) throws BangerException;

  /** QEMU, and the packages of the host's own distribution. */
  static Backend standard() {
    return new Backend() {
      @Override
      public Vmm driver(Binaries binaries, PidWatcher watcher) {
        return new QemuVmm(binaries, watcher);
      }

      @Override
      public List<ImageSource> imageSources(Directories directories, Binaries binaries)
          throws BangerException {
        return List.of(new DebianSource(directories, binaries));
      }
    };
  }
}
