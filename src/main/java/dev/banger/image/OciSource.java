package dev.banger.image;

import dev.banger.config.RegistrySettings;
import dev.banger.ext4.Ext4Options;
import dev.banger.image.layer.RootDisk;
import dev.banger.image.oci.BlobCache;
import dev.banger.image.oci.ImageConfig;
import dev.banger.image.oci.OciClient;
import dev.banger.image.oci.OciImage;
import dev.banger.image.oci.OciReference;
import dev.banger.image.oci.Platform;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.Progress;
import dev.banger.proc.Programs;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/** What docker would run: images from registries, OCI layouts and archives. */
public final class OciSource implements ImageSource {
  private final BlobCache layers;
  private final Supplier<OciClient> clients;
  private final RegistrySettings settings;

  /**
   * @param layers what these clients share
   * @param clients makes a client for one pull: a daemon that pulls nothing needs none
   */
  public OciSource(BlobCache layers, Supplier<OciClient> clients, RegistrySettings settings) {
    this.layers = layers;
    this.clients = clients;
    this.settings = settings;
  }

  @Override
  public String name() {
    return "oci";
  }

  @Override
  public Optional<BlobCache> layerCache() {
    return Optional.of(layers);
  }

  @Override
  public boolean accepts(ImageReference reference) {
    return !reference.forcesHostPackages();
  }

  @Override
  public Optional<String> digest(ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    OciReference wanted = OciReference.parse(reference.toString(), settings.standard());
    try (OciClient client = clients.get()) {
      return Optional.of(client.digest(wanted, Platform.host(), progress).toString());
    }
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    Programs.note(scratch); // credential helpers
    OciReference wanted = OciReference.parse(reference.toString(), settings.standard());
    try (OciClient client = clients.get();
        OciImage image = client.fetch(wanted, Platform.host(), progress)) {
      progress.stage("make disk");
      String digest = image.manifestDigest().toString();
      UUID uuid = UUID.nameUUIDFromBytes(digest.getBytes(StandardCharsets.UTF_8));
      ImageConfig config = image.config();
      long seconds = config.created().map(Instant::getEpochSecond).orElse(0L);
      Ext4Options options = new Ext4Options(uuid, "banger-root", seconds, 0);
      Set<String> inits = write(image, disk, options, progress);
      return new Pulled(
          image.source() + "@" + digest,
          digest,
          uuid,
          !inits.isEmpty(),
          defaults(config),
          image.layers().stream()
              .map(layer -> new ImageLayer(layer.digest().toString(), layer.size()))
              .toList(),
          Optional.empty());
    }
  }

  private static Set<String> write(
      OciImage image, Path disk, Ext4Options options, Progress progress)
      throws BangerException, InterruptedException {
    return RootDisk.write(
        image.layers(),
        disk,
        disk.resolveSibling(""),
        options,
        Image.INITS,
        written -> progress.bytes(written, 0));
  }

  private static ImageDefaults defaults(ImageConfig config) {
    List<String> command = new ArrayList<>(config.entrypoint());
    command.addAll(config.command());
    return new ImageDefaults(
        command,
        config.entrypoint(),
        true,
        config.environment(),
        config.user(),
        config.workingDirectory().startsWith("/")
            ? config.workingDirectory()
            : "/" + config.workingDirectory(),
        config.stopSignal(),
        config.exposedPorts(),
        config.volumes());
  }
}
