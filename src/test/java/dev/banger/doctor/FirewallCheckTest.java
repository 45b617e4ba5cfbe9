package dev.banger.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What docker, ufw and firewalld write, as nft and iptables-legacy-save print it. */
class FirewallCheckTest {
  private static final FirewallCheck CHECK = new FirewallCheck("banger0");

  private static final String FIREWALLD =
      """
      table inet firewalld {
      \tchain filter_INPUT {
      \t\ttype filter hook input priority filter + 10; policy accept;
      \t\tct state { established, related } accept
      \t\tjump filter_INPUT_POLICIES
      \t\treject with icmpx admin-prohibited
      \t}

      \tchain filter_FORWARD {
      \t\ttype filter hook forward priority filter + 10; policy accept;
      \t\tct state { established, related } accept
      \t\tjump filter_FORWARD_POLICIES
      \t\treject with icmpx admin-prohibited
      \t}

      \tchain filter_INPUT_POLICIES {
      \t\tiifname "eth0" jump filter_IN_public
      \t\tjump filter_IN_public
      \t}
      }
      """;

  private static String resource(String name) throws IOException {
    try (var in = FirewallCheckTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
  }

  private static List<Finding> findings(String listing) {
    return CHECK.findings(FilterTable.ofNft(listing));
  }

  private static List<String> commands(Finding finding) {
    return finding.repair().orElseThrow().changes().stream().map(Repair.Change::text).toList();
  }

  @Test
  void dockersChainIsMendedWhereDockerLeavesRoomForIt() throws Exception {
    List<Finding> found = findings(resource("docker.nft"));
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().found())
        .isEqualTo(
            "packets of VMs do not leave: docker: chain FORWARD of table ip filter refuses what it"
                + " does not know");
    assertThat(commands(found.getFirst()))
        .containsExactly(
            "iptables-nft -w 5 -I DOCKER-USER -i banger0 -m comment --comment banger -j ACCEPT",
            "iptables-nft -w 5 -I DOCKER-USER -o banger0 -m conntrack --ctstate RELATED,ESTABLISHED"
                + " -m comment --comment banger -j ACCEPT");
    String mended =
        resource("docker.nft")
            .replace(
                "\tchain DOCKER-USER {\n",
                "\tchain DOCKER-USER {\n\t\toifname \"banger0\" ct state related,established "
                    + " counter packets 0 bytes 0 accept\n"
                    + "\t\tiifname \"banger0\"  counter packets 0 bytes 0 accept\n");
    assertThat(findings(mended)).isEmpty();
  }

  @Test
  void ufwIsToldByItsOwnCommand() throws Exception {
    List<Finding> found = findings(resource("ufw.nft"));
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().found())
        .startsWith("packets of VMs do not leave, nor reach the name server: ufw: chain FORWARD");
    assertThat(commands(found.getFirst()))
        .containsExactly("ufw route allow in on banger0", "ufw allow in on banger0 to any port 53");
  }

  @Test
  void firewalldGetsTheBridgeInItsTrustedZone() {
    List<Finding> found = findings(FIREWALLD);
    assertThat(found).hasSize(1);
    assertThat(commands(found.getFirst()))
        .containsExactly(
            "firewall-cmd --zone=trusted --add-interface=banger0",
            "firewall-cmd --zone=trusted --permanent --add-interface=banger0");
    String mended =
        FIREWALLD.replace(
            "\t\tiifname \"eth0\" jump filter_IN_public\n",
            "\t\tiifname \"banger0\" jump filter_IN_trusted\n");
    assertThat(findings(mended)).isEmpty();
  }

  @Test
  void theOlderFilterOfTheKernelIsReadToo() {
    String saved =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :DOCKER-USER - [0:0]
        -A FORWARD -j DOCKER-USER
        -A DOCKER-USER -j RETURN
        COMMIT
        """;
    List<Finding> found = CHECK.findings(List.of(FilterTable.ofLegacy("ip", saved)));
    assertThat(commands(found.getFirst()).getFirst())
        .startsWith("iptables-legacy -w 5 -I DOCKER-USER -i banger0 ");
    String mended =
        saved.replace(
            "-A DOCKER-USER -j RETURN",
            "-A DOCKER-USER -o banger0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
                + "-A DOCKER-USER -i banger0 -m comment --comment banger -j ACCEPT");
    assertThat(CHECK.findings(List.of(FilterTable.ofLegacy("ip", mended)))).isEmpty();
  }

  @Test
  void aTableOfNobodyKnownIsExplainedAndNotTouched() {
    List<Finding> found =
        findings(
            """
            table inet mine {
            \tchain through {
            \t\ttype filter hook forward priority filter; policy drop;
            \t}
            }
            table inet banger {
            \tchain forward {
            \t\ttype filter hook forward priority filter; policy drop;
            \t}
            }
            """);
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().repair()).isEmpty();
    assertThat(found.getFirst().cure())
        .contains("nft insert rule inet mine through iifname banger0 accept");
  }

  @Test
  void aHostThatLetsAllThroughIsFine() {
    assertThat(
            findings(
                """
                table ip filter {
                \tchain FORWARD {
                \t\ttype filter hook forward priority filter; policy accept;
                \t}
                }
                """))
        .isEmpty();
  }
}
