package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxySettingsTest {
  private static boolean isDirect(ProxySettings settings, String uri) {
    return settings.select(URI.create(uri)).getFirst().equals(Proxy.NO_PROXY);
  }

  @Test
  void eachSchemeHasItsProxyAndCapitalsAreUnderstood() throws Exception {
    ProxySettings settings = ProxySettings.of(Map.of("HTTPS_PROXY", "proxy.test:3128"));
    assertThat(settings.select(URI.create("https://x.test/")).getFirst().address().toString())
        .contains("proxy.test")
        .endsWith(":3128");
    assertThat(isDirect(settings, "http://x.test/")).isTrue();
    assertThat(isDirect(settings, "https://localhost:5000/")).isTrue();
    assertThat(isDirect(settings, "https://127.0.0.1/")).isTrue();
    assertThat(isDirect(settings, "https://[::1]:5000/")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'*', https://x.test/, true",
    "x.test, https://x.test/, true",
    "x.test, https://a.x.test/, true",
    "x.test, https://ax.test/, false",
    ".x.test, https://x.test/, false",
    ".x.test, https://a.x.test/, true",
    "*.x.test, https://a.x.test/, true",
    "'a, x.test:5000', https://x.test:5000/, true",
    "x.test:5000, https://x.test/, false",
    "10.0.0.0/8, https://10.1.2.3/, true",
    "10.0.0.0/8, https://11.1.2.3/, false",
    "10.1.128.0/17, https://10.1.200.3/, true",
    "10.1.128.0/17, https://10.1.100.3/, false",
    "fd00::/8, 'https://[fd12::1]/', true",
    "10.0.0.0/99, https://10.1.2.3/, false",
  })
  void noProxyIsReadAsGoReadsIt(String rule, String uri, boolean direct) throws Exception {
    ProxySettings settings =
        ProxySettings.of(Map.of("https_proxy", "http://p:1", "no_proxy", rule));
    assertThat(isDirect(settings, uri)).isEqualTo(direct);
  }

  @Test
  void aProxyThatIsNoneIsRefusedWithoutItsPassword() {
    for (String text :
        new String[] {"socks5://me:hidden@p:1", "https://me:hidden@p", "http://me:hidden@"}) {
      assertThatThrownBy(() -> ProxySettings.of(Map.of("http_proxy", text)))
          .hasMessageContaining("http_proxy")
          .message()
          .doesNotContain("hidden");
    }
  }
}
