package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.config.NetworkSettings;
import dev.banger.privileged.Route;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteCheckTest {
  private static final RouteCheck CHECK = new RouteCheck(NetworkSettings.defaults(), "banger0");

  private static Route route(String network, int prefix, String device) throws Exception {
    return new Route(InetAddress.getByName(network), prefix, device);
  }

  @Test
  void aVpnThatTakesTheVmsNetworkIsToldWithAnother() throws Exception {
    List<Finding> found =
        CHECK.findings(
            List.of(
                route("10.87.0.0", 20, "banger0"),
                route("10.87.0.1", 32, "banger0"),
                route("10.87.0.0", 16, "wg0")));
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().found())
        .contains("10.87.0.0/20 overlaps the host's route to 10.87.0.0/16 through wg0, a VPN");
    assertThat(found.getFirst().repair().orElseThrow().changes())
        .containsExactly(new Repair.Subnet("10.88.0.0/20"));
  }

  @Test
  void theBridgesAddressElsewhereIsAnOverlap() throws Exception {
    assertThat(
            CHECK.findings(
                List.of(route("10.87.0.0", 20, "banger0"), route("10.87.0.1", 32, "eth0"))))
        .hasSize(1);
  }

  @Test
  void aVpnThatTakesAllIsMentionedAndNothingElseIsSaid() throws Exception {
    assertThat(
            CHECK.findings(
                List.of(
                    route("0.0.0.0", 0, "eth0"),
                    route("0.0.0.0", 1, "tun0"),
                    route("128.0.0.0", 1, "tun0"),
                    route("10.87.0.0", 20, "banger0"),
                    route("192.168.1.0", 24, "eth0"))))
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.level()).isEqualTo(Finding.Level.OK);
          assertThat(finding.found()).endsWith("tun0");
        });
  }
}
