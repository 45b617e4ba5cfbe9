package dev.banger.net.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationRow.Protocol;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortSpecTest {
  private static final VmId VM = new VmId("0123456789ab");

  @ParameterizedTest
  @CsvSource({
    "8080:80, 8080:80/tcp",
    "127.0.0.1:8080:80, 127.0.0.1:8080:80/tcp",
    "[::1]:8080:80, [::1]:8080:80/tcp",
    "[0:0::0]:8080:80, [::]:8080:80/tcp",
    "0.0.0.0:53:53/udp, 0.0.0.0:53:53/udp",
    "8080:80/UDP, 8080:80/udp",
    "80, 0:80/tcp",
    ":80, 0:80/tcp",
    "0:80, 0:80/tcp",
    "127.0.0.1::80, 127.0.0.1:0:80/tcp",
    "127.0.0.1:0:80/udp, 127.0.0.1:0:80/udp",
    "65535:1, 65535:1/tcp",
  })
  void aSpecMeansWhatDockerMeans(String text, String meant) throws Exception {
    assertThat(PortSpec.parse(text)).extracting(Object::toString).containsExactly(meant);
  }

  @Test
  void aRangeIsOneSpecForEachPort() throws Exception {
    assertThat(PortSpec.parse("[::1]:8000-8002:80-82/udp"))
        .extracting(Object::toString)
        .containsExactly("[::1]:8000:80/udp", "[::1]:8001:81/udp", "[::1]:8002:82/udp");
    assertThat(PortSpec.parse("80-81"))
        .extracting(Object::toString)
        .containsExactly("0:80/tcp", "0:81/tcp");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "web",
        "8080:web",
        "8080:0",
        "0",
        "70000:80",
        "80:70000",
        "8080:80/sctp",
        "8000-8010:80",
        "8000:80-90",
        "90-80:90-80",
        "0-2:80-82",
        "localhost:8080:80",
        "::1:8080:80",
        "[::1:8080:80",
        "[1.2.3.4.5]:80:80",
        "1.2.3:8080:80",
        "256.1.1.1:80:80",
        "1:2:3:4",
        "-80:80",
        "8080:80/",
        " 8080:80",
        "8080:80\n",
        "999999999999:80"
      })
  void whatIsNoPortIsRefusedWithAnExample(String text) {
    assertThatThrownBy(() -> PortSpec.parse(text))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.hint()).contains("8080:80"));
  }

  @Test
  void moreThanAVmCanHaveIsRefused() {
    assertThatThrownBy(() -> PortSpec.parse(List.of("1000-2000:1000-2000")))
        .hasMessageContaining("cannot publish");
  }

  @Test
  void whatAnImageExposesGetsPortsOfBangersChoice() throws Exception {
    assertThat(PortSpec.exposed(List.of("80/tcp", "53/udp", "443", "9/sctp", "junk", "70-71")))
        .extracting(Object::toString)
        .containsExactly("0:80/tcp", "0:53/udp", "0:443/tcp", "0:70/tcp", "0:71/tcp");
  }

  @Test
  void aSpecWithoutAPortOfTheHostMeansAllOfTheGuests() throws Exception {
    PublicationRow row = new PublicationRow(VM, Protocol.TCP, "127.0.0.1", 8080, false, 80);
    assertThat(PortSpec.parse("80").getFirst().means(row)).isTrue();
    assertThat(PortSpec.parse("8080:80").getFirst().means(row)).isTrue();
    assertThat(PortSpec.parse(row.toString()).getFirst().means(row)).isTrue();
    assertThat(PortSpec.parse("[::1]::80").getFirst().means(row)).isFalse();
    assertThat(PortSpec.parse("80/udp").getFirst().means(row)).isFalse();
    assertThat(PortSpec.parse("8080").getFirst().means(row)).isFalse();
    assertThat(PortSpec.parse("8080").getFirst().meansHostPort(row)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "::, ::",
    "::1, ::1",
    "0:0:1::, 0:0:1::",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:DB8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "fe80:0:0:0:0:0:0:0, fe80::",
    "127.0.0.1, 127.0.0.1",
  })
  void anAddressHasOneText(String written, String shown) throws Exception {
    assertThat(Addresses.text(InetAddress.getByName(written))).isEqualTo(shown);
    assertThat(Addresses.of(shown)).isEqualTo(InetAddress.getByName(written));
  }
}
