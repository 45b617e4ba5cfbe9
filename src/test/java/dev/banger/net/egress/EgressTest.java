package dev.banger.net.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EgressTest {
  private static Egress egress(String list) throws BangerException {
    return Egress.parse(list, Egress.Mode.ENFORCE);
  }

  private static boolean lists(Egress egress, String address, int port) {
    return egress.lists(InetAddress.ofLiteral(address), List.of(), Service.TCP, port);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "internet|internet",
        "all|all",
        "none|none",
        "10.0.0.0/8|10.0.0.0/8",
        "10.1.2.3:5432|10.1.2.3:5432",
        "10.1.2.3/32|10.1.2.3",
        "0.0.0.0/0:53/udp|0.0.0.0/0:53/udp",
        "192.168.0.0/16:80-90/tcp|192.168.0.0/16:80-90/tcp",
        "[fd00::1]:443|[fd00::1]:443",
        "FD00:0:0:0:0:0:0:1|fd00::1",
        "2001:db8::/32|2001:db8::/32",
        "[2001:db8::/32]:443/TCP|[2001:db8::/32]:443/tcp",
        "::/0|::/0",
        ":443|any:443",
        "any:443|any:443",
        "internet:8000-8010/udp|any:8000-8010/udp",
        "GitHub.com|github.com",
        "github.com.:443|github.com:443",
        "*.debian.org:443/tcp|*.debian.org:443/tcp",
        "*.org|*.org",
        "bücher.example|xn--bcher-kva.example",
        "gitlab.:22|gitlab.:22",
        "_dmarc.example.org|_dmarc.example.org",
        "10.0.0.1 , 10.0.0.1, github.com|10.0.0.1,github.com",
        "internet,10.0.0.0/8|internet,10.0.0.0/8",
      })
  void whatIsWrittenIsReadAndWrittenAgain(String written, String shown) throws Exception {
    Egress egress = egress(written);
    assertThat(egress).hasToString(shown);
    assertThat(egress(egress.toString())).isEqualTo(egress);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ",",
        "10.0.0.0/8,",
        "any",
        "*",
        "*:443",
        "interent",
        "none,10.0.0.0/8",
        "all,github.com",
        "10.1.2.3/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/08",
        "010.0.0.1",
        "256.1.1.1",
        "10.1.2",
        "10.1.2.3:0",
        "10.1.2.3:65536",
        "10.1.2.3:90-80",
        "10.1.2.3:http",
        "10.1.2.3:80,90",
        "10.1.2.3/tcp",
        "10.1.2.3:80/icmp",
        "10.1.2.3:80/tcp/udp",
        "[10.1.2.3]:80",
        "[fd00::1",
        "[fd00::1]443",
        "[fd00::]/8:443",
        "fd00::1%eth0",
        "::ffff:10.0.0.1",
        "fd00::1/64",
        "1:2:3",
        "git hub.com",
        "github..com",
        ".github.com",
        "-a.example",
        "a-.example",
        "foo*.example.org",
        "**.example.org",
        "*.*.org",
        "example.123",
        "web.vm",
        "*.vm",
        "example.org:1-65535",
        "https://github.com",
        "github.com/path",
        "user@github.com",
        "a\u0000b.example",
      })
  void whatIsWrongIsNamed(String written) {
    assertThatThrownBy(() -> egress(written))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("is no egress rule: ");
  }

  @Test
  void theItemThatIsWrongIsNamed() {
    assertThatThrownBy(() -> egress("10.0.0.0/8,10.1.2.3/8,internet"))
        .hasMessage("'10.1.2.3/8' is no egress rule: that network begins at 10.0.0.0/8");
  }

  @Test
  void nothingIsTooLargeToBeRefused() {
    assertThatThrownBy(() -> egress("10.0.0.1,".repeat(100_000)))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("16384");
    String many =
        IntStream.range(0, 300).mapToObj(i -> "10.0.0." + i % 250).collect(Collectors.joining(","));
    assertThatThrownBy(() -> egress(many)).hasMessageContaining("at most 256");
    assertThatThrownBy(() -> egress("a".repeat(64) + ".example"))
        .isInstanceOf(BangerException.class);
    assertThatThrownBy(() -> egress("a.".repeat(140) + "example"))
        .isInstanceOf(BangerException.class);
    assertThatThrownBy(() -> egress("x".repeat(16_000))).isInstanceOf(BangerException.class);
  }

  @Test
  void rulesThatOverlapTooMuchAreRefused() {
    String list =
        IntStream.range(0, 200)
            .mapToObj(i -> "10." + i + ".0.0/16:" + (1000 + 2 * i))
            .collect(Collectors.joining(","));
    assertThatThrownBy(() ->
            egress(
                list
                    + ","
                    + IntStream.range(0, 50)
                        .mapToObj(i -> "10.0.0.0/8:" + (5000 + 2 * i))
                        .collect(Collectors.joining(","))))
        .hasMessageContaining("overlap");
  }

  @Test
  void whatEverBytesComeTheyAreReadOrRefused() {
    Random random = new Random(20_261_123);
    String letters = "0123456789abcdef.:/[]*-,any tcpudp%ü\u3002internet";
    int read = 0;
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(24); length > 0; length--) {
        text.append(letters.charAt(random.nextInt(letters.length())));
      }
      try {
        Egress egress = egress(text.toString());
        assertThat(egress(egress.toString())).as("%s", text).isEqualTo(egress);
        read++;
      } catch (BangerException e) {
        assertThat(e.code().name()).isEqualTo("INVALID");
      }
    }
    assertThat(read).isPositive();
  }

  @Test
  void aRuleNamesWhatItSays() throws Exception {
    Egress egress = egress("10.0.0.0/8:80-90/tcp,[fd00::1]:443,any:53,192.168.7.7");
    assertThat(lists(egress, "10.255.0.1", 80)).isTrue();
    assertThat(lists(egress, "10.255.0.1", 91)).isFalse();
    assertThat(lists(egress, "11.0.0.1", 80)).isFalse();
    assertThat(lists(egress, "fd00::1", 443)).isTrue();
    assertThat(lists(egress, "fd00::2", 443)).isFalse();
    assertThat(lists(egress, "8.8.8.8", 53)).isTrue();
    assertThat(lists(egress, "169.254.169.254", 53)).isFalse();
    assertThat(lists(egress, "2606:4700::1", 53)).isTrue();
    assertThat(lists(egress, "fe80::1", 53)).isFalse();
    assertThat(lists(egress, "192.168.7.7", 9)).isTrue();
    assertThat(egress.lists(InetAddress.ofLiteral("192.168.7.7"), List.of(), 1, 0)).isTrue();
    assertThat(egress.lists(InetAddress.ofLiteral("10.0.0.1"), List.of(), 17, 80)).isFalse();
  }

  @Test
  void aNameIsItselfAndAStarAllBelowIt() throws Exception {
    Egress egress = egress("github.com:443,*.debian.org");
    assertThat(egress.names("github.com")).isTrue();
    assertThat(egress.names("GITHUB.com")).isTrue();
    assertThat(egress.names("api.github.com")).isFalse();
    assertThat(egress.names("evilgithub.com")).isFalse();
    assertThat(egress.names("debian.org")).isFalse();
    assertThat(egress.names("a.b.debian.org")).isTrue();
    assertThat(egress.resolves("example.org")).isFalse();
    assertThat(egress("github.com,internet").resolves("example.org")).isTrue();
    assertThat(egress("10.0.0.0/8").resolves("example.org")).isTrue();
    assertThat(egress.with(Egress.Mode.AUDIT).resolves("example.org")).isTrue();
    InetAddress address = InetAddress.ofLiteral("140.82.121.4");
    assertThat(egress.lists(address, List.of("github.com"), Service.TCP, 443)).isTrue();
    assertThat(egress.lists(address, List.of("github.com"), Service.TCP, 22)).isFalse();
    assertThat(egress.lists(address, List.of(), Service.TCP, 443)).isFalse();
    InetAddress inside = InetAddress.ofLiteral("10.0.0.9");
    assertThat(egress.lists(inside, List.of("github.com"), Service.TCP, 443)).isFalse();
  }

  @Test
  void aListIsChangedPieceByPiece() throws Exception {
    Egress egress = egress("github.com,10.0.0.0/8");
    Egress more = egress.adding(egress("github.com,any:443").rules());
    assertThat(more).hasToString("github.com,10.0.0.0/8,any:443");
    assertThat(more.removing(egress("10.0.0.0/8").rules())).hasToString("github.com,any:443");
    assertThatThrownBy(() -> egress.removing(egress("any:443").rules()))
        .hasMessageContaining("any:443");
    assertThatThrownBy(() -> egress("all").adding(egress.rules())).hasMessageContaining("all");
    assertThat(egress.removing(egress.rules())).hasToString("none");
  }

  /** The filter's elements say the same as the rules, and no two of them meet. */
  @Test
  void elementsNeverOverlapAndMeanWhatTheRulesMean() throws Exception {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      List<String> items = new ArrayList<>();
      for (int i = random.nextInt(8); i >= 0; i--) {
        int bits = 24 + random.nextInt(9);
        int host = random.nextInt(256) & -1 << (32 - bits);
        int first = 1 + random.nextInt(12);
        String ports = ":" + first + "-" + (first + random.nextInt(5));
        String protocol = List.of("", "/tcp", "/udp").get(random.nextInt(3));
        items.add("10.0.0." + host + "/" + bits + (random.nextInt(6) == 0 ? "" : ports + protocol));
      }
      Egress egress = egress(String.join(",", items));
      Listed listed = egress.listed();
      for (int i = 0; i < 200; i++) {
        InetAddress address = InetAddress.ofLiteral("10.0.0." + random.nextInt(256));
        int port = 1 + random.nextInt(18);
        boolean tcp = random.nextBoolean();
        long hosts = listed.hosts().stream().filter(one -> one.contains(address)).count();
        long boxes =
            listed.boxes().stream()
                .filter(box -> box.range().contains(address))
                .filter(box -> box.ports().protocol().equals(tcp ? "tcp" : "udp"))
                .filter(box -> box.ports().first() <= port && port <= box.ports().last())
                .count();
        assertThat(hosts).isLessThan(2);
        assertThat(boxes).isLessThan(2);
        assertThat(hosts + boxes > 0)
            .as("%s: %s %s", egress, address, port)
            .isEqualTo(egress.lists(address, List.of(), tcp ? Service.TCP : Service.UDP, port));
      }
    }
  }

  @Test
  void targetsAreOnePlaceWithAPort() throws Exception {
    assertThat(TargetText.parse("Example.org:443")).hasToString("example.org:443");
    assertThat(TargetText.parse("[fd00:0::1]:22")).hasToString("[fd00::1]:22");
    assertThat(TargetText.parse("web.vm:80").host()).isEqualTo("web.vm");
    for (String wrong :
        List.of("example.org", "10.0.0.0/8:80", "*.a.b:1", "a.b:1-2", "a.b:1/udp", ":80")) {
      assertThatThrownBy(() -> TargetText.parse(wrong)).hasMessageContaining(wrong);
    }
  }
}
