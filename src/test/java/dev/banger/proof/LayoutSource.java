package dev.banger.proof;

import dev.banger.config.RegistrySettings;
import dev.banger.image.ImageReference;
import dev.banger.image.ImageSource;
import dev.banger.image.OciSource;
import dev.banger.image.Pulled;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.OciClient;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/** Images of layouts and of registries on this machine, as the daemon's own source has them. */
final class LayoutSource implements ImageSource {
  private final OciSource all;

  LayoutSource(Directories directories, Binaries binaries) {
    BlobCache blobs = new BlobCache(directories.cache().resolve("blobs"), Clock.systemUTC());
    RegistrySettings settings = RegistrySettings.defaults();
    this.all =
        new OciSource(
            blobs,
            () -> new OciClient(blobs, directories.cache(), settings, System.getenv(), binaries),
            settings);
  }

  @Override
  public String name() {
    return all.name();
  }

  @Override
  public Optional<BlobCache> layerCache() {
    return all.layerCache();
  }

  @Override
  public boolean accepts(ImageReference reference) {
    String name = reference.name();
    return name.startsWith("oci:") || name.startsWith("localhost:");
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    return all.pull(reference, disk, scratch, progress);
  }
}
