package dev.banger.image.oci;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** What opens a registry. Never shown: its text says only where it was found. */
sealed interface Credential {
  /** Where it was found, for messages. */
  String origin();

  /** A user and a password. */
  record Password(String user, String secret, String origin) implements Credential {
    String header() {
      byte[] both = (user + ":" + secret).getBytes(StandardCharsets.UTF_8);
      return "Basic " + Base64.getEncoder().encodeToString(both);
    }

    @Override
    public String toString() {
      return "a password from " + origin;
    }
  }

  /** A token that the token server exchanges for short-lived ones. */
  record IdentityToken(String secret, String origin) implements Credential {
    @Override
    public String toString() {
      return "an identity token from " + origin;
    }
  }

  /** A token that the registry itself takes. */
  record RegistryToken(String secret, String origin) implements Credential {
    @Override
    public String toString() {
      return "a registry token from " + origin;
    }
  }
}
