package dev.banger.image;

import dev.banger.catalog.CatalogEntry;
import dev.banger.image.catalog.BundleReader;
import dev.banger.image.catalog.Catalogs;
import dev.banger.image.disk.Manifest;
import dev.banger.image.disk.RootFile;
import dev.banger.image.disk.Trees;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.oci.Digest;
import dev.banger.image.oci.WebContents;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Bundles of the catalogs: a root file system, and often a kernel, in one signed file. Nothing of a
 * bundle is used before its signature and its digest are right.
 */
public final class CatalogSource implements ImageSource {
  private final Catalogs catalogs;
  private final Kernels kernels;
  private final Supplier<WebContents> web;

  /**
   * @param web makes what downloads one bundle
   */
  public CatalogSource(Catalogs catalogs, Kernels kernels, Supplier<WebContents> web) {
    this.catalogs = catalogs;
    this.kernels = kernels;
    this.web = web;
  }

  @Override
  public String name() {
    return "catalog";
  }

  /** Not with a registry's name in front, by docker's rule. */
  @Override
  public boolean accepts(ImageReference reference) {
    int slash = reference.name().indexOf('/');
    String first = reference.name().substring(0, Math.max(0, slash));
    boolean registry = first.contains(".") || first.contains(":") || first.equals("localhost");
    return reference.isTagged() && !reference.forcesHostPackages() && !registry;
  }

  /** A catalog lists it, or may list it: it cannot be read. */
  @Override
  public boolean decides(ImageReference reference) throws InterruptedException {
    try {
      return catalogs.find(reference.name(), reference.tag()).isPresent();
    } catch (BangerException e) {
      return true;
    }
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    Catalogs.Found found = find(reference);
    CatalogEntry entry = found.entry();
    if (!(entry.origin() instanceof CatalogEntry.Bundle bundle)) {
      throw missing(reference);
    }
    catalogs.requireSigned(entry, bundle);
    URI place = found.locate(bundle);
    Digest digest = new Digest(Digest.Algorithm.SHA256, bundle.sha256());
    progress.stage("download " + entry.reference());
    AtomicLong here = new AtomicLong();
    try (WebContents contents = web.get();
        InputStream content =
            contents.open(
                place,
                digest,
                bundle.size(),
                more -> progress.bytes(here.addAndGet(more), bundle.size()))) {
      progress.stage("unpack " + entry.reference());
      return unpack(found, bundle, digest, content, disk, scratch, progress);
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw new InterruptedException("while " + entry.reference() + " was unpacked");
    } catch (IOException e) {
      throw Trees.failure("cannot unpack the bundle of " + entry.reference(), e);
    }
  }

  @Override
  public Optional<String> digest(ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    CatalogEntry entry = find(reference).entry();
    return entry.origin() instanceof CatalogEntry.Bundle bundle
        ? Optional.of(new Digest(Digest.Algorithm.SHA256, bundle.sha256()).toString())
        : Optional.empty();
  }

  private Catalogs.Found find(ImageReference reference)
      throws BangerException, InterruptedException {
    Optional<Catalogs.Found> found = catalogs.find(reference.name(), reference.tag());
    if (found.isEmpty()) {
      throw missing(reference);
    }
    return found.get();
  }

  private static BangerException missing(ImageReference reference) {
    return new BangerException(
        ErrorCode.NOT_FOUND,
        "no catalog has a bundle of " + reference,
        "`banger image find` lists what there is");
  }

  private Pulled unpack(
      Catalogs.Found found,
      CatalogEntry.Bundle bundle,
      Digest digest,
      InputStream content,
      Path disk,
      Steps scratch,
      Progress progress)
      throws BangerException, InterruptedException, IOException {
    Kernels.Staged staged = kernels.stage(scratch);
    Path manifest = disk.resolveSibling("bundle.properties");
    BundleReader.Places places =
        new BundleReader.Places(manifest, disk, Seed.arrivedWith(disk), staged.directory());
    boolean withKernel =
        BundleReader.unpack(content, places, written -> progress.bytes(written, 0));
    Manifest image = Manifest.read(manifest);
    Files.delete(manifest);
    RootFile root = RootFile.open(disk);
    String listed = found.entry().reference();
    String provenance = "catalog:" + found.catalog() + "/" + listed + "@" + digest;
    if (withKernel == bundle.kernel().isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "the bundle of " + listed + " holds another kernel than its catalog says",
          "ask whoever keeps the catalog for another version");
    }
    if (withKernel) {
      staged.complete(bundle.kernel(), provenance);
    }
    return new Pulled(
        provenance,
        digest.toString(),
        root.uuid(),
        Boolean.parseBoolean(image.text("hasInit")),
        ImageDefaults.read(image),
        Image.layers(image),
        withKernel ? Optional.of(staged) : Optional.empty());
  }
}
