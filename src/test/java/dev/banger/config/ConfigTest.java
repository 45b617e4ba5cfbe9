package dev.banger.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
  @TempDir Path dir;

  private Config read(String text) throws Exception {
    return Config.read(Files.writeString(dir.resolve("config.toml"), text));
  }

  @Test
  void noFileMeansDefaults() throws BangerException {
    assertThat(Config.read(dir.resolve("none.toml"))).isEqualTo(Config.defaults());
  }

  @Test
  void whatIsSetIsTakenAndTheRestStaysAsItWas() throws Exception {
    Config config =
        read(
            """
            accel = "tcg"
            [vm]
            memory = "1G"
            [binaries]
            qemu = "/opt/qemu"
            [authorization]
            keys = ["ssh-ed25519 AAAA me"]
            """);
    assertThat(config.accelerator()).isEqualTo(Config.AcceleratorChoice.TCG);
    assertThat(config.vm().memory()).isEqualTo(ByteSize.gib(1));
    assertThat(config.vm().cpus()).isEqualTo(Config.defaults().vm().cpus());
    assertThat(config.binaries()).containsEntry("qemu", Path.of("/opt/qemu"));
    assertThat(config.authorization().keys()).containsExactly("ssh-ed25519 AAAA me");
  }

  @Test
  void everyMistakeIsReportedAtOnceWithItsLine() {
    assertThatThrownBy(
            () -> read("accel = \"magic\"\nspeed = 3\n[vm]\nmemory = \"lots\"\ncpus = 0\n"))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("line 1")
        .hasMessageContaining("line 2")
        .hasMessageContaining("vm.memory")
        .hasMessageContaining("vm.cpus");
  }

  @Test
  void filesForGuestsHaveAPlaceThereAndAMode() throws Exception {
    Config config =
        read(
            """
            [[sync]]
            from = "~/.netrc"
            [[sync]]
            from = "/srv/pip.conf"
            to = "/etc/pip.conf"
            mode = "0640"
            """);
    assertThat(config.authorization().files())
        .containsExactly(
            new Config.Synced(Path.of(System.getProperty("user.home"), ".netrc"), ".netrc", 0600),
            new Config.Synced(Path.of("/srv/pip.conf"), "/etc/pip.conf", 0640));
  }

  @Test
  void aFileForGuestsThatLeadsElsewhereIsAMistake() {
    for (String wrong :
        List.of(
            "from = 'x'",
            "from = '~/x'\nto = 'x'",
            "from = '~/x'\nto = '~/../x'",
            "from = '~/x'\nto = '/x/'",
            "from = '~/x'\nmode = '4755'",
            "from = '~/x'\nmode = 384",
            "from = '~/x'\nowner = 'me'",
            "to = '~/x'")) {
      assertThatThrownBy(() -> read("[[sync]]\n" + wrong)).as(wrong).hasMessageContaining("sync");
    }
    assertThatThrownBy(() -> read("[[sync]]\nfrom = '~/x'\n[[sync]]\nfrom = '/y'\nto = '~/x'"))
        .hasMessageContaining("twice");
    assertThatThrownBy(() -> read("sync = 'x'")).hasMessageContaining("[[sync]]");
  }

  @Test
  void aSyntaxErrorIsReportedWithItsLine() {
    assertThatThrownBy(() -> read("a = \n")).hasMessageContaining("line 1");
  }

  @Test
  void registriesHaveSettingsOfTheirOwn() throws Exception {
    RegistrySettings registries =
        read("""
        [registries]
        default = "x.test"
        downloads = 2
        [registries.hosts."y.test:5000"]
        http = true
        mirrors = ["z.test"]
        ca = "/ca.pem"
        """)
            .registries();
    assertThat(registries.standard()).isEqualTo("x.test");
    assertThat(registries.downloads()).isEqualTo(2);
    assertThat(registries.cache()).isEqualTo(Config.defaults().registries().cache());
    RegistrySettings.Host host = registries.host("y.test:5000");
    assertThat(host.http()).contains(true);
    assertThat(host.mirrors()).containsExactly("z.test");
    assertThat(host.authority()).contains(Path.of("/ca.pem"));
    assertThat(registries.host("other").http()).isEmpty();
  }

  @Test
  void mistakesInTheSettingsOfARegistryAreReported() {
    assertThatThrownBy(
            () -> read("[registries.hosts.\"y.test:1\"]\nhttp = 3\nca = \"x\"\nspeed = 1\n"))
        .hasMessageContaining("line 2")
        .hasMessageContaining("absolute path")
        .hasMessageContaining("speed");
    assertThatThrownBy(() -> read("registries.hosts.x = 1\n")).hasMessageContaining("write [");
  }

  @Test
  void namesAreAnsweredOnLoopbackOrNowhere() throws Exception {
    assertThat(read("network.dns = \"off\"").network().dns()).isEmpty();
    assertThat(read("network.dns = \"[::1]:53\"").network().dns())
        .hasValueSatisfying(where -> {
          assertThat(where.getAddress().isLoopbackAddress()).isTrue();
          assertThat(where.getPort()).isEqualTo(53);
        });
    assertThat(Config.defaults().network().dns().orElseThrow().getPort()).isEqualTo(5354);
    for (String bad : List.of("0.0.0.0:53", "127.0.0.1", "localhost:53", "127.0.0.1:0", ":53")) {
      assertThatThrownBy(() -> read("network.dns = \"" + bad + "\""))
          .hasMessageContaining("network.dns")
          .hasMessageContaining("loopback");
    }
  }
}
