package dev.banger.image.oci;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.config.RegistrySettings;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * HTTP as registries want it: redirections followed without the authorization for another host,
 * proxies, the configured authorities, and a limit on every silence.
 */
final class Transport implements AutoCloseable {
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(20);
  private static final int MOST_REDIRECTIONS = 8;
  private static final String TUNNEL_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";

  static {
    // The JDK would not tell a proxy our password before it opens a tunnel. It reads this once.
    if (System.getProperty(TUNNEL_SCHEMES) == null) {
      System.setProperty(TUNNEL_SCHEMES, "");
    }
  }

  /**
   * A request; a GET unless it has a form.
   *
   * @param headers none of them secret
   */
  record Call(
      URI address,
      Optional<String> authorization,
      Map<String, String> headers,
      Optional<String> form) {
    static Call get(URI address, Optional<String> authorization, Map<String, String> headers) {
      return new Call(address, authorization, headers, Optional.empty());
    }

    private Call to(URI other) {
      boolean same =
          address.getScheme().equals(other.getScheme())
              && address.getRawAuthority().equalsIgnoreCase(other.getRawAuthority());
      return new Call(other, same ? authorization : Optional.empty(), headers, Optional.empty());
    }

    /** The authorization must not get into a log. */
    @Override
    public String toString() {
      return address.toString();
    }
  }

  private final RegistrySettings settings;
  private final Map<String, String> environment;
  private final Duration silence;
  private final LeafLock lock = new LeafLock("http clients");

  @GuardedBy("lock")
  private final Map<Optional<Path>, HttpClient> clients = new HashMap<>();

  @GuardedBy("lock")
  private Optional<ProxySettings> proxies = Optional.empty();

  Transport(RegistrySettings settings, Map<String, String> environment, Duration silence) {
    this.settings = settings;
    this.environment = environment;
    this.silence = silence;
  }

  /** Follows redirections; every other answer is the caller's to judge. */
  Answer send(Call first) throws BangerException, IOException, InterruptedException {
    Call call = first;
    for (int i = 0; i <= MOST_REDIRECTIONS; i++) {
      Answer answer = sendOnce(call);
      String target = answer.header("Location");
      boolean moved = List.of(301, 302, 303, 307, 308).contains(answer.status());
      if (!moved || target.isEmpty() || call.form().isPresent()) {
        return answer;
      }
      answer.close();
      call = call.to(target(call.address(), target));
    }
    throw new MalformedException(
        first.address().getHost() + " redirects more than " + MOST_REDIRECTIONS + " times");
  }

  private static URI target(URI from, String location) throws MalformedException {
    URI target;
    try {
      target = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new MalformedException(from.getHost() + " redirects to what is no address");
    }
    boolean web = "https".equals(target.getScheme()) || "http".equals(target.getScheme());
    if (!web || target.getHost() == null || target.getRawUserInfo() != null) {
      throw new MalformedException(from.getHost() + " redirects to what is no web address");
    }
    if (from.getScheme().equals("https") && target.getScheme().equals("http")) {
      throw new MalformedException(
          from.getHost() + " redirects to " + target.getHost() + " without TLS");
    }
    return target;
  }

  private Answer sendOnce(Call call) throws BangerException, IOException, InterruptedException {
    boolean plain = call.address().getScheme().equals("http");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(call.address())
            .timeout(silence)
            // Otherwise the JDK asks a plain server for HTTP/2, which confuses some.
            .version(plain ? HttpClient.Version.HTTP_1_1 : HttpClient.Version.HTTP_2);
    call.headers().forEach(request::setHeader);
    request.setHeader("User-Agent", "banger");
    call.authorization().ifPresent(value -> request.setHeader("Authorization", value));
    proxies()
        .headerFor(call.address())
        .ifPresent(value -> request.setHeader("Proxy-Authorization", value));
    call.form()
        .ifPresent(form -> {
          request.setHeader("Content-Type", "application/x-www-form-urlencoded");
          request.POST(HttpRequest.BodyPublishers.ofString(form));
        });
    AtomicReference<@Nullable Answer> begun = new AtomicReference<>();
    HttpResponse.BodyHandler<BodyStream> handler =
        info -> {
          BodyStream body = new BodyStream(silence);
          begun.set(new Answer(info.statusCode(), info.headers(), body, call.address()));
          return body;
        };
    try {
      HttpResponse<BodyStream> response = client(call.address()).send(request.build(), handler);
      if (response.body() == null) { // of a refusal to open a tunnel
        throw new TunnelException(response.statusCode());
      }
    } catch (IOException e) {
      // The JDK withholds an answer whose connection is cut before it has handed it over.
      if (begun.get() == null || e instanceof TunnelException) {
        throw e;
      }
      begun.get().body().cut(e);
    }
    return Objects.requireNonNull(begun.get());
  }

  private ProxySettings proxies() throws BangerException {
    lock.lock();
    try {
      if (proxies.isEmpty()) {
        proxies = Optional.of(ProxySettings.of(environment));
      }
      return proxies.get();
    } finally {
      lock.unlock();
    }
  }

  private HttpClient client(URI address) throws BangerException {
    ProxySettings selector = proxies();
    Optional<Path> authority = settings.host(address.getRawAuthority()).authority();
    lock.lock();
    try {
      HttpClient client = clients.get(authority);
      if (client == null) {
        List<Path> authorities =
            Stream.of(settings.authority(), authority).flatMap(Optional::stream).toList();
        client =
            HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_LIMIT)
                .proxy(selector)
                .sslContext(Trust.context(authorities))
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
        clients.put(authority, client);
      }
      return client;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      clients.values().forEach(HttpClient::shutdownNow);
      clients.clear();
    } finally {
      lock.unlock();
    }
  }
}
