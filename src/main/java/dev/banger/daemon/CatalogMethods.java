package dev.banger.daemon;

import dev.banger.api.CatalogApi;
import dev.banger.catalog.CatalogEntry;
import dev.banger.image.Image;
import dev.banger.image.ImageReference;
import dev.banger.image.Images;
import dev.banger.image.catalog.BundleFile;
import dev.banger.image.catalog.Catalogs;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What catalogs offer, and bundles for them. */
final class CatalogMethods {
  private final Catalogs catalogs;
  private final Images images;
  private final Kernels kernels;

  CatalogMethods(DaemonParts parts) {
    this.catalogs = parts.catalogs();
    this.images = parts.images();
    this.kernels = parts.kernels();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, CatalogApi.FIND, (_, search) -> find(search.text()));
    StreamMethods.add(methods, CatalogApi.BUNDLE, (_, wish) -> bundle(wish));
  }

  private CatalogApi.Found find(String text) throws BangerException, InterruptedException {
    Catalogs.Reading reading = catalogs.read();
    List<Image> here = images.list().stream().filter(Image::named).toList();
    List<CatalogApi.Offer> offers = new ArrayList<>();
    Set<String> listed = new HashSet<>();
    for (Catalogs.Found found : reading.images()) {
      CatalogEntry entry = found.entry();
      boolean ours = entry.architecture().equals(Catalogs.ARCHITECTURE);
      if (ours && matches(text, entry.reference(), entry.description())) {
        CatalogApi.Offer offer = offer(found, here);
        listed.add(offer.reference());
        offers.add(offer);
      }
    }
    for (Image image : here) {
      String reference = image.reference().toString();
      if (matches(text, reference, "") && listed.add(reference)) {
        offers.add(
            new CatalogApi.Offer(
                reference, Catalogs.ARCHITECTURE, "", null, null, null, image.id()));
      }
    }
    return new CatalogApi.Found(
        offers,
        reading.problems().stream().map(problem -> String.valueOf(problem.getMessage())).toList());
  }

  private static boolean matches(String text, String reference, String description) {
    String wanted = text.toLowerCase(Locale.ROOT);
    return reference.toLowerCase(Locale.ROOT).contains(wanted)
        || description.toLowerCase(Locale.ROOT).contains(wanted);
  }

  private CatalogApi.Offer offer(Catalogs.Found found, List<Image> here) {
    CatalogEntry entry = found.entry();
    return switch (entry.origin()) {
      case CatalogEntry.Elsewhere(String reference) ->
          offer(found, reference, null, null, local(here, reference));
      case CatalogEntry.Bundle bundle ->
          offer(
              found,
              entry.reference(),
              bundle.size(),
              isSigned(entry, bundle),
              local(here, entry.reference()));
    };
  }

  private static CatalogApi.Offer offer(
      Catalogs.Found found,
      String reference,
      @Nullable Long size,
      @Nullable Boolean signed,
      Optional<Image> local) {
    return new CatalogApi.Offer(
        reference,
        found.entry().architecture(),
        found.entry().description(),
        size,
        found.catalog(),
        signed,
        local.map(Image::id).orElse(null));
  }

  private static Optional<Image> local(List<Image> here, String reference) {
    return here.stream().filter(i -> i.reference().toString().equals(reference)).findFirst();
  }

  private boolean isSigned(CatalogEntry entry, CatalogEntry.Bundle bundle) {
    try {
      catalogs.requireSigned(entry, bundle);
      return true;
    } catch (BangerException e) {
      return false;
    }
  }

  private Upgrade<CatalogApi.Bundled> bundle(CatalogApi.Bundle wish) throws BangerException {
    Image image = images.find(wish.image());
    ImageReference reference = image.reference();
    if (!reference.isTagged()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a bundle of " + reference + " would have no name and version",
          "pull it by a tag, or register it under one");
    }
    String named = wish.kernel() == null ? image.kernel() : wish.kernel();
    Kernel kernel = named.isEmpty() ? newest() : kernels.find(named);
    List<BundleFile> files = new ArrayList<>(image.bundleFiles());
    images
        .seeds()
        .of(image.id())
        .ifPresent(seed -> files.add(new BundleFile(BundleFile.SEED, seed.disk().file())));
    files.addAll(kernel.bundleFiles());
    BundleSession session = new BundleSession(files);
    return new Upgrade<>(
        new CatalogApi.Bundled(
            reference.name(),
            reference.tag(),
            kernel.architecture(),
            kernel.release(),
            session.size()),
        session::serve);
  }

  private Kernel newest() throws BangerException {
    return kernels
        .newest()
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "there is no kernel for the bundle on this host",
                "run `banger kernel pull`"));
  }
}
