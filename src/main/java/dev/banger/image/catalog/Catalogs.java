package dev.banger.image.catalog;

import dev.banger.catalog.BundleKeys;
import dev.banger.catalog.Catalog;
import dev.banger.catalog.CatalogEntry;
import dev.banger.catalog.Signatures;
import dev.banger.config.CatalogSettings;
import dev.banger.image.disk.Trees;
import dev.banger.image.oci.WebContents;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The catalogs that the configuration names, and the built-in one. They are read anew each time.
 */
public final class Catalogs {
  /** Of this host, as catalogs and kernels write it. */
  public static final String ARCHITECTURE = System.getProperty("os.arch", "");

  private static final String BUILT_IN = "catalog.json";

  private final CatalogSettings settings;
  private final Supplier<WebContents> web;

  /**
   * @param web makes what reads from web servers: a daemon that asks none needs none
   */
  public Catalogs(CatalogSettings settings, Supplier<WebContents> web) {
    this.settings = settings;
    this.web = web;
  }

  /**
   * All that could be read.
   *
   * @param problems why the others could not
   */
  public record Reading(List<Found> images, List<BangerException> problems) {}

  /**
   * An entry and where it stands.
   *
   * @param address of the catalog; relative ones of bundles begin there
   */
  public record Found(String catalog, URI address, CatalogEntry entry) {
    /** Where the bundle is. Only a catalog of this host may name a file of this host. */
    public URI locate(CatalogEntry.Bundle bundle) throws BangerException {
      try {
        URI place = address.resolve(bundle.url());
        String scheme = String.valueOf(place.getScheme());
        boolean plain = place.getQuery() == null && place.getFragment() == null;
        boolean web = scheme.equals("http") || scheme.equals("https");
        boolean local =
            scheme.equals("file")
                && plain
                && !place.isOpaque()
                && "file".equals(address.getScheme());
        if ((web && place.getHost() != null) || (local && place.getAuthority() == null)) {
          return place;
        }
      } catch (IllegalArgumentException e) {
        // It is no address, which is said below.
      }
      throw new BangerException(
          ErrorCode.INVALID,
          "the catalog " + catalog + " gives no usable address of " + entry.reference(),
          "it must be http, https, or a file beside a catalog on this host");
    }
  }

  /** Every image in every catalog, in the order in which they are asked. */
  public Reading read() throws InterruptedException {
    List<Found> images = new ArrayList<>();
    List<BangerException> problems = new ArrayList<>();
    for (URI address : addresses()) {
      try {
        Catalog catalog = read(address);
        catalog.entries().forEach(e -> images.add(new Found(catalog.name(), address, e)));
      } catch (BangerException e) {
        problems.add(e);
      }
    }
    return new Reading(images, problems);
  }

  private List<URI> addresses() {
    List<URI> addresses = new ArrayList<>();
    settings.files().forEach(file -> addresses.add(file.toUri()));
    addresses.addAll(settings.urls());
    addresses.add(URI.create("banger:" + BUILT_IN));
    return addresses;
  }

  private Catalog read(URI address) throws BangerException, InterruptedException {
    return Catalog.parse(new String(content(address), StandardCharsets.UTF_8), address.toString());
  }

  private byte[] content(URI address) throws BangerException, InterruptedException {
    return switch (String.valueOf(address.getScheme())) {
      case "file" -> ofFile(Path.of(address));
      case "banger" -> builtIn();
      default -> {
        try (WebContents contents = web.get()) {
          yield contents.read(address, Catalog.SIZE_LIMIT);
        }
      }
    };
  }

  private static byte[] ofFile(Path file) throws BangerException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(Catalog.SIZE_LIMIT + 1);
      if (content.length > Catalog.SIZE_LIMIT) {
        throw new IOException("it is larger than " + Catalog.SIZE_LIMIT + " bytes");
      }
      return content;
    } catch (IOException e) {
      throw Trees.failure("cannot read the catalog " + file, e);
    }
  }

  private static byte[] builtIn() {
    try (InputStream in = Catalog.class.getResourceAsStream("/dev/banger/" + BUILT_IN)) {
      if (in == null) {
        throw new IllegalStateException("banger.jar holds no " + BUILT_IN);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The first bundle of this name and tag for this host; empty when no catalog has one. A catalog
   * that cannot be read is passed over, and is an error only when no other has the image.
   */
  public Optional<Found> find(String name, String tag)
      throws BangerException, InterruptedException {
    List<BangerException> problems = new ArrayList<>();
    for (URI address : addresses()) {
      try {
        Catalog catalog = read(address);
        Optional<CatalogEntry> entry =
            catalog
                .find(name, tag, ARCHITECTURE)
                .filter(e -> e.origin() instanceof CatalogEntry.Bundle);
        if (entry.isPresent()) {
          return Optional.of(new Found(catalog.name(), address, entry.get()));
        }
      } catch (BangerException e) {
        problems.add(e);
      }
    }
    if (!problems.isEmpty()) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE,
          "no catalog that can be read has " + name + ":" + tag,
          "see why the other cannot be read, take it out of config.toml, or name the registry, too:"
              + " docker.io/library/"
              + name,
          problems.getFirst());
    }
    return Optional.empty();
  }

  /** PERMISSION unless somebody has signed it who is believed here. */
  public void requireSigned(CatalogEntry entry, CatalogEntry.Bundle bundle) throws BangerException {
    List<PublicKey> keys = settings.keys().stream().map(BundleKeys::publicKey).toList();
    Signatures.require(entry, bundle, keys);
  }
}
