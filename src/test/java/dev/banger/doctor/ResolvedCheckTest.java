package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.config.NetworkSettings;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolvedCheckTest {
  private static final String SERVER = "10.87.0.1";

  @TempDir Path root;

  private void file(String name, String text) throws Exception {
    Path path = root.resolve(name);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  /** As if resolvectl said this. */
  private Finding finding(String said) throws Exception {
    Path resolvectl = root.resolve("resolvectl");
    Files.writeString(resolvectl, "#!/bin/sh\necho 'Link 7 (banger0): " + said + "'\n");
    assertThat(resolvectl.toFile().setExecutable(true)).isTrue();
    NetworkSettings settings = NetworkSettings.defaults();
    Binaries binaries =
        new Binaries(Map.of("resolvectl", resolvectl), List.of(), System.getenv("PATH"));
    return new ResolvedCheck(settings, binaries, root).finding("banger0", SERVER);
  }

  @Test
  void resolvedThatIsToldAndAskedIsFine() throws Exception {
    file("run/systemd/resolve/resolv.conf", "");
    file("etc/resolv.conf", "nameserver 127.0.0.53\n");
    assertThat(finding("~vm").level()).isEqualTo(Finding.Level.OK);
    assertThat(finding("").cure()).contains("resolvectl domain banger0 '~vm'");
    file("etc/resolv.conf", "nameserver 192.0.2.1\n");
    assertThat(finding("~vm").cure()).contains("stub-resolv.conf");
    file("etc/nsswitch.conf", "hosts: files resolve dns\n");
    assertThat(finding("~vm").level()).isEqualTo(Finding.Level.OK);
  }

  @Test
  void withoutResolvedTheBridgesAddressIsTold() throws Exception {
    file("etc/resolv.conf", "nameserver 192.0.2.1\n");
    assertThat(finding("").found()).contains("`nameserver 10.87.0.1` first");
    file("etc/resolv.conf", "nameserver 10.87.0.1\nnameserver 192.0.2.1\n");
    assertThat(finding("").found()).contains("/etc/resolv.conf names 10.87.0.1");
  }
}
