package dev.banger.catalog;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.Collection;

/** Makes and checks the signatures of a catalog's bundles. */
public final class Signatures {
  private static final String ALGORITHM = "Ed25519";

  private Signatures() {}

  /** The catalog with all its bundles signed by this key, whoever signed them before. */
  public static Catalog sign(Catalog catalog, PrivateKey key) {
    return new Catalog(
        catalog.name(),
        catalog.entries().stream()
            .map(entry ->
                entry.origin() instanceof CatalogEntry.Bundle bundle
                    ? entry.from(bundle.signed(sign(entry.signedText(bundle), key)))
                    : entry)
            .toList());
  }

  private static String sign(String text, PrivateKey key) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(key);
      signature.update(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** PERMISSION unless one of these keys has signed the bundle. */
  public static void require(
      CatalogEntry entry, CatalogEntry.Bundle bundle, Collection<PublicKey> keys)
      throws BangerException {
    String tried = "the bundle of " + entry.reference() + " is not used: ";
    if (bundle.signature().isEmpty()) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          tried + "nobody has signed it",
          "whoever keeps the catalog signs it: `banger catalog sign`");
    }
    if (keys.isEmpty()) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          tried + "no key is believed on this host",
          "put the key of whoever keeps the catalog into `catalogs.keys` (docs/config.md)");
    }
    for (PublicKey key : keys) {
      if (isBy(key, entry.signedText(bundle), bundle.signature())) {
        return;
      }
    }
    throw new BangerException(
        ErrorCode.PERMISSION,
        tried
            + "its signature is by none of the keys in `catalogs.keys`, or what it vouches for was changed",
        "ask whoever keeps the catalog for the right key; do not trust this bundle until then");
  }

  private static boolean isBy(PublicKey key, String text, String signature) {
    try {
      Signature check = Signature.getInstance(ALGORITHM);
      check.initVerify(key);
      check.update(text.getBytes(StandardCharsets.UTF_8));
      return check.verify(Base64.getDecoder().decode(signature));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false; // what is no signature is not by anybody
    }
  }
}
