package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Asks again where that may help: cut connections, busy and restarting servers. */
final class Retry {
  /** One try. */
  @FunctionalInterface
  interface Attempt {
    Answer send() throws BangerException, IOException, InterruptedException;
  }

  private final RetryPolicy policy;

  Retry(RetryPolicy policy) {
    this.policy = policy;
  }

  /** The first answer that is not a plea for patience; else a failure that says what was tried. */
  Answer run(String tried, Attempt attempt) throws BangerException, InterruptedException {
    for (int failed = 1; ; failed++) {
      Duration pause = policy.pause(failed);
      try {
        Answer answer = attempt.send();
        if (!answer.isTransient()) {
          return answer;
        }
        Optional<Duration> asked = asked(answer.header("Retry-After"));
        boolean patient = asked.isEmpty() || asked.get().compareTo(policy.longestAsked()) <= 0;
        if (failed >= policy.attempts() || !patient) {
          throw busy(tried, answer, asked);
        }
        answer.close();
        pause = asked.orElse(pause);
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException(tried);
        }
        if (failed >= policy.attempts() || !mayPass(e)) {
          throw failure(tried, e);
        }
      }
      Thread.sleep(pause);
    }
  }

  private static Optional<Duration> asked(String header) {
    if (header.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(header)));
    }
    try {
      return header.isEmpty()
          ? Optional.empty()
          : Optional.of(
                  Duration.between(
                      Instant.now(),
                      ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME)
                          .toInstant()))
              .filter(Duration::isPositive);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static BangerException busy(String tried, Answer answer, Optional<Duration> asked) {
    String wish =
        asked.map(d -> "it wants to be left alone for " + d.toSeconds() + " s; ").orElse("");
    boolean limited = answer.status() == 429;
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        tried,
        wish
            + (limited
                ? "try again later, or log in: `docker login` or `podman login`"
                : "try again later"),
        new IOException(RegistryErrors.describe(answer)));
  }

  /** Names that nobody knows and certificates that nobody trusts stay so. */
  private static boolean mayPass(IOException e) {
    if (e instanceof TunnelException refused) {
      return refused.mayPass();
    }
    boolean unknown = e instanceof ConnectException && has(e, UnresolvedAddressException.class);
    return !unknown && !has(e, SSLException.class) && !(e instanceof MalformedException);
  }

  private static boolean has(Throwable failure, Class<? extends Throwable> kind) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** A cause whose own message says nothing stays for the log. */
  private static IOException inWords(String why, IOException e) {
    IOException said = new IOException(why);
    said.addSuppressed(e);
    return said;
  }

  static BangerException failure(String tried, IOException e) {
    if (e instanceof MalformedException) {
      return new BangerException(
          ErrorCode.CORRUPT, tried, "the registry does not keep to the protocol", e);
    }
    if (e instanceof TunnelException refused) {
      return new BangerException(ErrorCode.UNAVAILABLE, tried, refused.hint(), e);
    }
    if (e instanceof HttpTimeoutException) {
      return new BangerException(
          ErrorCode.TIMEOUT, tried, "it does not answer: check the network and proxies", e);
    }
    if (has(e, SSLException.class)) {
      return new BangerException(
          ErrorCode.UNAVAILABLE,
          tried,
          "if it speaks http, set `http = true` for it in config.toml; if a company's authority"
              + " signed its certificate, set `ca` (docs/config.md)",
          e);
    }
    if (has(e, UnresolvedAddressException.class)) {
      return new BangerException(
          ErrorCode.UNAVAILABLE,
          tried,
          "check the registry's name, and the network",
          inWords("its host name is not known", e));
    }
    if (has(e, ConnectException.class)) {
      return new BangerException(
          ErrorCode.UNAVAILABLE,
          tried,
          "check the registry's name and port, the network and proxies",
          inWords("nobody answers there", e));
    }
    return new BangerException(
        ErrorCode.UNAVAILABLE, tried, "check the network and proxies, then try again", e);
  }
}
