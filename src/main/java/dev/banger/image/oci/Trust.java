package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom TLS believes: those the JDK does, those the host does (where companies add their own), and
 * those the configuration names.
 */
final class Trust {
  /** Debian's and its relatives', Fedora's and its relatives'. */
  private static final List<Path> SYSTEM =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"));

  private static final long SIZE_LIMIT = 16 << 20;

  private Trust() {}

  static SSLContext context(Collection<Path> authorities) throws BangerException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (X509Certificate certificate : ofTheJdk()) {
        add(store, certificate);
      }
      for (Path file : SYSTEM) {
        if (Files.isReadable(file)) {
          addAll(store, file);
          break;
        }
      }
      for (Path file : authorities) {
        addAll(store, file);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers(store), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new BangerException(
          ErrorCode.INTERNAL, "cannot set up TLS for registries", "see the cause", e);
    }
  }

  private static List<X509Certificate> ofTheJdk() throws GeneralSecurityException {
    for (TrustManager manager : managers(null)) {
      if (manager instanceof X509TrustManager x509) {
        return List.of(x509.getAcceptedIssuers());
      }
    }
    return List.of();
  }

  private static TrustManager[] managers(@Nullable KeyStore store) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static void addAll(KeyStore store, Path file) throws BangerException {
    try {
      if (Files.size(file) > SIZE_LIMIT) {
        throw new IOException("it is larger than " + SIZE_LIMIT + " bytes");
      }
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      Collection<? extends Certificate> certificates =
          factory.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
      if (certificates.isEmpty()) {
        throw new IOException("it holds no certificate");
      }
      for (Certificate certificate : certificates) {
        add(store, certificate);
      }
    } catch (GeneralSecurityException | IOException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot read the certificates in " + file,
          "it must hold certificates as PEM; see `ca` in docs/config.md",
          e);
    }
  }

  private static void add(KeyStore store, Certificate certificate) throws GeneralSecurityException {
    store.setCertificateEntry(
        Digest.of(Digest.Algorithm.SHA256, certificate.getEncoded()).hex(), certificate);
  }
}
