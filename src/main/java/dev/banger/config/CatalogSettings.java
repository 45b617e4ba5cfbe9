package dev.banger.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code [catalogs]}: where catalogs of bundles are, and who is believed.
 *
 * @param files catalogs on this host, asked first
 * @param urls catalogs of web servers, asked next
 * @param keys of those who may sign bundles, as {@code catalog.BundleKeys} writes them
 */
public record CatalogSettings(List<Path> files, List<URI> urls, List<String> keys) {
  public CatalogSettings {
    files = List.copyOf(files);
    urls = List.copyOf(urls);
    keys = List.copyOf(keys);
  }

  /** What holds where the file says nothing. */
  public static CatalogSettings defaults() {
    return new CatalogSettings(List.of(), List.of(), List.of());
  }
}
