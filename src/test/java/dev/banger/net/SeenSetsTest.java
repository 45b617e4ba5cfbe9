package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeenSetsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  /** As nft 1.0.6 prints it. */
  private static final String LISTED =
      """
      table inet banger {
      	set first_ports4 {
      		type ipv4_addr . ipv4_addr . inet_proto . inet_service
      		size 65536
      		flags dynamic,timeout
      		timeout 7d
      		elements = { 10.99.0.11 . 203.0.113.2 . tcp . 80 expires 6d22h59m50s500ms,
      			     10.99.0.12 . 203.0.113.2 . tcp . 80 expires 6d }
      	}
      }
      table inet banger {
      	set seen_ports4 {
      		type ipv4_addr . ipv4_addr . inet_proto . inet_service
      		size 65536
      		flags dynamic,timeout
      		counter
      		timeout 7d
      		elements = { 10.99.0.11 . 203.0.113.2 . tcp . 80 counter packets 4 bytes 240 expires 6d23h59m58s344ms,
      			     10.99.0.12 . 203.0.113.2 . tcp . 80 counter packets 9 bytes 240 expires 6d23h }
      	}
      }
      table inet banger {
      	set seen4 {
      		type ipv4_addr . ipv4_addr . inet_proto
      		counter
      		timeout 7d
      		elements = { 10.99.0.11 . 203.0.113.9 . icmp counter packets 1 bytes 84 expires 6d23h59m59s,
      			     10.99.0.11 . 203.0.113.9 . 47 counter packets 2 bytes 84 expires 6d23h59m59s }
      	}
      	set seen6 {
      		type ipv6_addr . ipv6_addr . inet_proto
      		timeout 7d
      	}
      	set seen_ports6 {
      		timeout 7d
      		elements = { fd00::11 . 2001:db8::2 . udp . 53 counter packets 1 bytes 84 expires 6d23h59m59s }
      	}
      }
      """;

  @Test
  void whatTheKernelPrintsIsRead() {
    List<Destination> seen =
        SeenSets.of(
            LISTED,
            List.of(InetAddress.ofLiteral("10.99.0.11"), InetAddress.ofLiteral("fd00::11")),
            NOW);
    assertThat(seen)
        .containsExactly(
            new Destination(
                InetAddress.ofLiteral("203.0.113.2"),
                6,
                "tcp",
                80,
                4,
                NOW.minus(Duration.ofMillis(3_609_500)),
                NOW.minusMillis(1656)),
            one("203.0.113.9", 1, "icmp", 0, 1),
            one("203.0.113.9", 47, "47", 0, 2),
            one("2001:db8::2", 17, "udp", 53, 1));
  }

  private static Destination one(
      String address, int number, String protocol, int port, long count) {
    Instant at = NOW.minusSeconds(1);
    return new Destination(InetAddress.ofLiteral(address), number, protocol, port, count, at, at);
  }

  @Test
  void whatIsKeptIsWrittenAsItWasPrinted() {
    String kept = new SeenSets("banger").kept(LISTED);
    assertThat(kept.lines())
        .hasSize(4)
        .allMatch(line -> line.startsWith("add element inet banger "));
    assertThat(kept)
        .contains(
            "seen_ports4 { 10.99.0.11 . 203.0.113.2 . tcp . 80 counter packets 4 bytes 240 expires 6d23h59m58s344ms, 10.99.0.12");
    assertThat(new SeenSets("banger").kept("")).isEmpty();
    assertThat(SeenSets.of("", List.of(InetAddress.ofLiteral("10.99.0.11")), NOW)).isEmpty();
  }

  @Test
  void whatATestTriedIsForgottenButNotWhatWasReachedBefore() {
    InetAddress sender = InetAddress.ofLiteral("10.99.0.11");
    Set<InetSocketAddress> target =
        Set.of(new InetSocketAddress(InetAddress.ofLiteral("203.0.113.2"), 80));
    SeenSets sets = new SeenSets("banger");
    Instant first = NOW.minus(Duration.ofHours(1)).minusMillis(9500);
    assertThat(sets.forgotten(LISTED, List.of(sender), target, first, NOW).lines())
        .containsExactly(
            "delete element inet banger first_ports4 { 10.99.0.11 . 203.0.113.2 . tcp . 80 }",
            "delete element inet banger seen_ports4 { 10.99.0.11 . 203.0.113.2 . tcp . 80 }");
    assertThat(sets.forgotten(LISTED, List.of(sender), target, first.plusMillis(1), NOW)).isEmpty();
  }
}
