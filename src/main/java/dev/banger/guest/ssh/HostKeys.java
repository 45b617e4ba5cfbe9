package dev.banger.guest.ssh;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.certificate.OpenSshCertificateBuilder;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.keyprovider.HostKeyCertificateProvider;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.SessionContext;

/**
 * The key of each VM's endpoint, made when first wanted and kept in memory alone, with a
 * certificate of the daemon's authority: that is what clients know, so a key may change at any
 * time.
 */
final class HostKeys implements KeyPairProvider, HostKeyCertificateProvider {
  private static final int BITS = 256;

  private record HostKey(KeyPair pair, OpenSshCertificate certificate) {}

  private record Whose(VmId vm, String name, String authority) {}

  private final DaemonKey authority;
  private final ConcurrentHashMap<Whose, HostKey> known = new ConcurrentHashMap<>();

  HostKeys(DaemonKey authority) {
    this.authority = authority;
  }

  @Override
  public Iterable<KeyPair> loadKeys(SessionContext session)
      throws IOException, GeneralSecurityException {
    return List.of(of(session).pair());
  }

  @Override
  public Iterable<OpenSshCertificate> loadCertificates(SessionContext session)
      throws IOException, GeneralSecurityException {
    return List.of(of(session).certificate());
  }

  private HostKey of(SessionContext session) throws IOException, GeneralSecurityException {
    SshTarget target = SshEndpoint.target(session);
    try {
      Whose whose = new Whose(target.vm(), target.name(), authority.fingerprint());
      HostKey key = known.get(whose);
      if (key == null) {
        key = make(whose);
        known.keySet().removeIf(old -> old.vm().equals(whose.vm()));
        known.put(whose, key);
      }
      return key;
    } catch (BangerException e) {
      throw new IOException(e);
    }
  }

  private HostKey make(Whose whose) throws IOException, GeneralSecurityException, BangerException {
    KeyPair pair = KeyUtils.generateKeyPair(OpenSshKey.TYPE, BITS);
    try {
      OpenSshCertificate certificate =
          OpenSshCertificateBuilder.hostCertificate()
              .publicKey(pair.getPublic())
              .id("VM " + whose.name())
              .principals(List.of(whose.name() + ".vm", whose.name()))
              .validAfter(OpenSshCertificate.MIN_EPOCH)
              .validBefore(OpenSshCertificate.INFINITY)
              .sign(authority.pair(), OpenSshKey.TYPE);
      return new HostKey(pair, certificate);
    } catch (IOException | GeneralSecurityException | BangerException e) {
      throw e;
    } catch (Exception e) {
      throw new GeneralSecurityException("cannot certify the key of " + whose.name(), e);
    }
  }
}
