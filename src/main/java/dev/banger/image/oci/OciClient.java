package dev.banger.image.oci;

import dev.banger.config.RegistrySettings;
import dev.banger.image.disk.Trees;
import dev.banger.image.layer.LayerException;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches images: all their layers are in the layer cache, or in the file that holds them, when
 * {@link #fetch} returns. Many threads may fetch at once; an interrupt ends a fetch, and what it
 * has downloaded stays for the next one.
 */
public final class OciClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OciClient.class);
  private static final int MOST_LEVELS = 4;

  private final BlobCache cache;
  private final RegistrySettings settings;
  private final Credentials credentials;
  private final Transport transport;
  private final RetryPolicy policy;
  private final LayerLimits limits;
  private final Path scratch;

  /**
   * @param cacheDirectory where {@code blobs} is, the layer cache
   * @param environment names proxies, and where credentials are
   */
  public OciClient(
      BlobCache cache,
      Path cacheDirectory,
      RegistrySettings settings,
      Map<String, String> environment,
      Binaries binaries) {
    this(
        cache,
        cacheDirectory,
        settings,
        environment,
        new CredentialFiles(environment, binaries),
        RetryPolicy.USUAL,
        LayerLimits.USUAL);
  }

  OciClient(
      BlobCache cache,
      Path cacheDirectory,
      RegistrySettings settings,
      Map<String, String> environment,
      Credentials credentials,
      RetryPolicy policy,
      LayerLimits limits) {
    this.cache = cache;
    this.scratch = cacheDirectory.resolve("blobs");
    this.settings = settings;
    this.credentials = credentials;
    this.policy = policy;
    this.limits = limits;
    this.transport = new Transport(settings, environment, policy.silence());
  }

  /** The image for this platform. It must be closed: until then its layers stay. */
  public OciImage fetch(OciReference reference, Platform platform, Progress progress)
      throws BangerException, InterruptedException {
    PlatformChoice choice = new PlatformChoice(platform, reference);
    return switch (reference) {
      case OciReference.Remote remote -> new RemoteFetch(remote, choice, progress).run();
      case OciReference.Layout layout ->
          local(
              reference,
              choice,
              () -> new DirectoryFiles(layout.directory()),
              images -> images.inLayout(layout.tag(), choice));
      case OciReference.OciArchive archive ->
          local(
              reference,
              choice,
              () -> ArchiveFiles.open(archive.file(), scratch, limits),
              images -> images.inLayout(archive.tag(), choice));
      case OciReference.DockerArchive archive ->
          local(
              reference,
              choice,
              () -> ArchiveFiles.open(archive.file(), scratch, limits),
              images -> images.inDockerArchive(archive.name()));
    };
  }

  /** The {@link OciImage#manifestDigest} of what {@link #fetch} would bring; fetches no layer. */
  public Digest digest(OciReference reference, Platform platform, Progress progress)
      throws BangerException, InterruptedException {
    if (reference instanceof OciReference.Remote remote) {
      PlatformChoice choice = new PlatformChoice(platform, reference);
      return new RemoteFetch(remote, choice, progress).manifest().digest();
    }
    try (OciImage image = fetch(reference, platform, progress)) {
      return image.manifestDigest();
    }
  }

  @Override
  public void close() {
    transport.close();
  }

  @FunctionalInterface
  private interface Opening {
    LayoutFiles open() throws IOException;
  }

  @FunctionalInterface
  private interface Search {
    LocalImages.Found in(LocalImages images) throws IOException, BangerException;
  }

  private OciImage local(
      OciReference reference, PlatformChoice choice, Opening opening, Search search)
      throws BangerException, InterruptedException {
    String tried = "cannot read the image " + reference;
    try {
      LayoutFiles files = opening.open();
      boolean found = false;
      try {
        LocalImages.Found image = search.in(new LocalImages(files));
        choice.check(image.config());
        found = true;
        return new OciImage(
            reference,
            image.digest(),
            reference.toString(),
            image.config(),
            image.layers().stream().map(layer -> local(files, layer)).toList(),
            () -> close(files));
      } finally {
        if (!found) {
          files.close();
        }
      }
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw new InterruptedException(tried);
    } catch (MalformedException | LayerException e) {
      throw new BangerException(
          ErrorCode.INVALID, tried, "check that it is whole, and of this kind", e);
    } catch (NoSuchFileException | NotDirectoryException e) {
      throw new BangerException(ErrorCode.NOT_FOUND, tried, "check the path: nothing is there", e);
    } catch (IOException e) {
      throw Trees.failure(tried, e);
    }
  }

  private OciLayer local(LayoutFiles files, LocalImages.Stored layer) {
    return new OciLayer(
        layer.blob(),
        layer.diffId(),
        !layer.named(),
        () -> files.open(layer.file()),
        limits,
        () -> {});
  }

  private static void close(LayoutFiles files) {
    try {
      files.close();
    } catch (IOException e) {
      LOG.debug("cannot close the files of an image", e);
    }
  }

  private record Chosen(Digest digest, Manifest.Single manifest) {}

  /** One fetch from a registry. */
  private final class RemoteFetch {
    private final OciReference.Remote reference;
    private final PlatformChoice choice;
    private final Progress progress;
    private final RegistrySource source;
    private final List<Digest> pinned = new ArrayList<>();

    RemoteFetch(OciReference.Remote reference, PlatformChoice choice, Progress progress) {
      this.reference = reference;
      this.choice = choice;
      this.progress = progress;
      this.source =
          new RegistrySource(
              Endpoint.of(reference.registry(), settings).stream()
                  .map(e -> new Registry(e, reference.repository(), credentials, transport, policy))
                  .toList(),
              transport,
              policy);
    }

    OciImage run() throws BangerException, InterruptedException {
      boolean fetched = false;
      try {
        Chosen chosen = manifest();
        OciImage image = image(chosen.digest(), chosen.manifest());
        fetched = true;
        return image;
      } finally {
        if (!fetched) {
          release();
        }
      }
    }

    /** Of the image for this platform, through all lists. */
    Chosen manifest() throws BangerException, InterruptedException {
      progress.stage("read manifest");
      Registry.Document document = source.manifest(reference.wanted());
      for (int level = 0; level <= MOST_LEVELS; level++) {
        switch (parsed(document)) {
          case Manifest.Single single -> {
            return new Chosen(document.digest(), single);
          }
          case Manifest.Index index ->
              document = source.manifest(choice.among(index).digest().toString());
        }
      }
      throw bad(new MalformedException("its lists are more than " + MOST_LEVELS + " deep"));
    }

    private Manifest parsed(Registry.Document document) throws BangerException {
      try {
        return document.parsed();
      } catch (MalformedException e) {
        throw bad(e);
      }
    }

    private BangerException bad(MalformedException e) {
      return new BangerException(
          ErrorCode.INVALID,
          "cannot use " + reference + " from " + source,
          "take another tag or image",
          e);
    }

    private OciImage image(Digest digest, Manifest.Single manifest)
        throws BangerException, InterruptedException {
      ImageConfig config = config(manifest.config());
      List<Descriptor> blobs = manifest.layers();
      try {
        LocalImages.checkCount(blobs.size(), config.diffIds().size());
      } catch (MalformedException e) {
        throw bad(e);
      }
      download(blobs);
      List<OciLayer> layers = new ArrayList<>();
      for (int i = 0; i < blobs.size(); i++) {
        Digest blob = blobs.get(i).digest();
        layers.add(
            new OciLayer(
                blobs.get(i),
                config.diffIds().get(i),
                true,
                () -> cache.open(blob),
                limits,
                () -> cache.discard(blob)));
      }
      AtomicBoolean released = new AtomicBoolean();
      return new OciImage(
          reference,
          digest,
          source.toString(),
          config,
          layers,
          () -> {
            if (!released.getAndSet(true)) {
              release();
            }
          });
    }

    private ImageConfig config(Descriptor blob) throws BangerException, InterruptedException {
      if (blob.size() > ImageConfig.SIZE_LIMIT) {
        throw bad(new MalformedException("its config is larger than any should be"));
      }
      pin(blob);
      cache.obtain(blob, source, arrived -> {});
      try {
        ImageConfig config = ImageConfig.parse(cache.read(blob));
        choice.check(config);
        return config;
      } catch (MalformedException e) {
        throw bad(e);
      }
    }

    private void download(List<Descriptor> blobs) throws BangerException, InterruptedException {
      long total = 0;
      for (Descriptor blob : blobs) {
        if (blob.size() > limits.most().bytes() || total > limits.most().bytes()) {
          throw bad(new MalformedException("it is larger than " + limits.most()));
        }
        total += blob.size();
        pin(blob);
      }
      progress.stage("download layers");
      AtomicLong here = new AtomicLong();
      long all = total;
      List<ParallelDownloads.Download> downloads = new ArrayList<>();
      for (Descriptor blob : blobs) {
        downloads.add(() -> cache.obtain(blob, source, here::addAndGet));
      }
      ParallelDownloads.run(downloads, settings.downloads(), () -> progress.bytes(here.get(), all));
    }

    private void pin(Descriptor blob) {
      cache.pin(blob.digest());
      pinned.add(blob.digest());
    }

    private void release() {
      pinned.forEach(cache::unpin);
      pinned.clear();
      try {
        cache.prune(settings.cache());
      } catch (BangerException e) {
        LOG.warn("cannot keep the layer cache small", e);
      }
    }
  }
}
