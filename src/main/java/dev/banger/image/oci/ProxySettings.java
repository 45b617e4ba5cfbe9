package dev.banger.image.oci;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What http_proxy, https_proxy and no_proxy say, read as Go programs (docker, skopeo) read them.
 * This machine itself is never asked for through a proxy.
 */
final class ProxySettings extends ProxySelector {
  /** One proxy; the header opens it. */
  private record Server(InetSocketAddress address, Optional<String> header) {}

  private final Optional<Server> http;
  private final Optional<Server> https;
  private final List<NoProxyRule> exceptions;

  private ProxySettings(
      Optional<Server> http, Optional<Server> https, List<NoProxyRule> exceptions) {
    this.http = http;
    this.https = https;
    this.exceptions = List.copyOf(exceptions);
  }

  static ProxySettings of(Map<String, String> environment) throws BangerException {
    List<NoProxyRule> exceptions = new ArrayList<>();
    for (String word : value(environment, "no_proxy").split("[,\\s]+", -1)) {
      if (!word.isEmpty()) {
        exceptions.add(NoProxyRule.parse(word));
      }
    }
    return new ProxySettings(
        server(environment, "http_proxy"), server(environment, "https_proxy"), exceptions);
  }

  private static String value(Map<String, String> environment, String name) {
    String lower = environment.getOrDefault(name, "");
    return lower.isEmpty() ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "") : lower;
  }

  /** Its text may hold a password: no message shows it. */
  private static Optional<Server> server(Map<String, String> environment, String name)
      throws BangerException {
    String text = value(environment, name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI uri = URI.create(text.contains("://") ? text : "http://" + text);
      if (!"http".equalsIgnoreCase(uri.getScheme())) {
        throw bad(name, "only http:// proxies are supported (https goes through them as well)");
      }
      if (uri.getHost() != null) {
        int port = uri.getPort() < 0 ? 80 : uri.getPort();
        // Resolved when it is used: the daemon outlives a change of the network.
        return Optional.of(
            new Server(InetSocketAddress.createUnresolved(bare(uri.getHost()), port), header(uri)));
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw bad(name, "write http://host:port");
  }

  private static BangerException bad(String name, String hint) {
    return new BangerException(
        ErrorCode.INVALID, "the variable " + name + " of the daemon names no usable proxy", hint);
  }

  private static Optional<String> header(URI uri) {
    String user = uri.getUserInfo();
    return user == null
        ? Optional.empty()
        : Optional.of(
            "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
  }

  static String bare(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  private Optional<Server> serverFor(@Nullable URI uri) {
    if (uri == null || uri.getHost() == null) {
      return Optional.empty();
    }
    String host = bare(uri.getHost()).toLowerCase(Locale.ROOT);
    boolean secure = "https".equals(uri.getScheme());
    int port = uri.getPort() < 0 ? (secure ? 443 : 80) : uri.getPort();
    boolean direct =
        Loopback.is(host) || exceptions.stream().anyMatch(rule -> rule.matches(host, port));
    return direct ? Optional.empty() : secure ? https : http;
  }

  /** What a request for this address must carry for the proxy. */
  Optional<String> headerFor(URI uri) {
    return serverFor(uri).flatMap(Server::header);
  }

  @Override
  public List<Proxy> select(@Nullable URI uri) {
    return List.of(
        serverFor(uri).map(s -> new Proxy(Proxy.Type.HTTP, s.address())).orElse(Proxy.NO_PROXY));
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
}
