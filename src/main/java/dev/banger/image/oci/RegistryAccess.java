package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What opens one repository of one registry: nothing until it asks, then a token or a password.
 * Many threads may ask at once.
 */
final class RegistryAccess {
  private static final int TOKEN_LIMIT = 1 << 20;
  private static final int HEADER_LIMIT = 64 << 10;
  private static final Pattern TOKEN = Pattern.compile("[!-~]+");

  private final Endpoint endpoint;
  private final String repository;
  private final Credentials credentials;
  private final Transport transport;
  private final Retry retry;
  private volatile Optional<String> header = Optional.empty();

  RegistryAccess(
      Endpoint endpoint,
      String repository,
      Credentials credentials,
      Transport transport,
      Retry retry) {
    this.endpoint = endpoint;
    this.repository = repository;
    this.credentials = credentials;
    this.transport = transport;
    this.retry = retry;
  }

  /** What requests carry now. */
  Optional<String> header() {
    return header;
  }

  /**
   * The registry refused what a request carried.
   *
   * @param refused what that was
   */
  void renew(Optional<String> refused, List<Challenge> challenges)
      throws BangerException, InterruptedException {
    if (!header.equals(refused)) {
      return; // Somebody else has renewed it meanwhile.
    }
    Optional<Credential> credential = credentials.find(endpoint.name(), repository);
    Optional<Challenge> bearer = of("bearer", challenges);
    if (bearer.isPresent()) {
      header = Optional.of("Bearer " + token(bearer.get(), credential));
    } else if (of("basic", challenges).isPresent()) {
      header = Optional.of(basic(credential));
    } else {
      throw denied("it asks for authentication, but not in a way that is known", credential);
    }
  }

  private static Optional<Challenge> of(String scheme, List<Challenge> challenges) {
    return challenges.stream().filter(c -> c.scheme().equals(scheme)).findFirst();
  }

  private String basic(Optional<Credential> credential) throws BangerException {
    if (credential.isPresent() && credential.get() instanceof Credential.Password password) {
      return password.header();
    }
    throw denied("it wants a user and a password", credential);
  }

  private String token(Challenge challenge, Optional<Credential> credential)
      throws BangerException, InterruptedException {
    if (credential.isPresent() && credential.get() instanceof Credential.RegistryToken own) {
      return checked(own.secret());
    }
    Transport.Call call = tokenCall(challenge, credential);
    String tried =
        "cannot get a token for "
            + endpoint.name()
            + "/"
            + repository
            + " from "
            + call.address().getHost();
    try (Answer answer = retry.run(tried, () -> transport.send(call))) {
      if (answer.status() == 401 || answer.status() == 403) {
        throw denied(RegistryErrors.describe(answer), credential);
      }
      if (!answer.isOk()) {
        throw new BangerException(
            ErrorCode.UNAVAILABLE,
            tried,
            "try again later",
            new IOException(RegistryErrors.describe(answer)));
      }
      JsonObject json = JsonObject.parse(answer.read(TOKEN_LIMIT));
      String token = json.text("token");
      return checked(token.isEmpty() ? json.text("access_token") : token);
    } catch (IOException e) {
      throw Retry.failure(tried, e);
    }
  }

  private String checked(String token) throws BangerException {
    if (token.length() > HEADER_LIMIT || !TOKEN.matcher(token).matches()) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE,
          "what " + endpoint.name() + " accepts as a token is none",
          "log in again: `docker login " + endpoint.name() + "`");
    }
    return token;
  }

  private Transport.Call tokenCall(Challenge challenge, Optional<Credential> credential)
      throws BangerException {
    URI realm = realm(challenge.parameter("realm"));
    String asked = challenge.parameter("scope");
    String scope = asked.isEmpty() ? "repository:" + repository + ":pull" : asked;
    String query =
        "service=" + encoded(challenge.parameter("service")) + "&scope=" + encoded(scope);
    if (credential.isPresent() && credential.get() instanceof Credential.IdentityToken identity) {
      String form =
          query
              + "&client_id=banger&grant_type=refresh_token&refresh_token="
              + encoded(identity.secret());
      return new Transport.Call(realm, Optional.empty(), Map.of(), Optional.of(form));
    }
    String separator = realm.getRawQuery() == null ? "?" : "&";
    URI address = URI.create(realm + separator + query);
    Optional<String> password =
        credential.isPresent() && credential.get() instanceof Credential.Password known
            ? Optional.of(known.header())
            : Optional.empty();
    return Transport.Call.get(address, password, Map.of());
  }

  /** A registry that is reached by TLS must not send our password through the open. */
  private URI realm(String text) throws BangerException {
    try {
      URI realm = URI.create(text);
      boolean safe =
          "https".equals(realm.getScheme())
              || ("http".equals(realm.getScheme()) && endpoint.base().getScheme().equals("http"));
      if (safe && realm.getHost() != null && realm.getRawFragment() == null) {
        return realm;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new BangerException(
        ErrorCode.UNAVAILABLE,
        endpoint.name()
            + " sends us for a token to '"
            + OutsideText.clean(text, 100)
            + "', which is no safe address",
        "tell its administrator: the realm must be an https address");
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Why, and who we said we are. */
  BangerException denied(String reason, Optional<Credential> credential) {
    String who = credential.map(c -> "with " + c).orElse("without credentials");
    return new BangerException(
        ErrorCode.PERMISSION,
        endpoint.name() + " does not let us pull " + repository + " (" + who + ")",
        "check the name (registries say so of what is not there, too); if it is private, log in:"
            + " `docker login "
            + endpoint.name()
            + "` or `podman login "
            + endpoint.name()
            + "`",
        new IOException(reason));
  }

  BangerException denied(Answer answer) throws BangerException, InterruptedException {
    return denied(RegistryErrors.describe(answer), credentials.find(endpoint.name(), repository));
  }
}
