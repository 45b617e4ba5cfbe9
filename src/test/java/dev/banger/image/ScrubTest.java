package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.image.layer.Sieve.Fate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScrubTest {
  private final Scrub scrub = new Scrub();

  @ParameterizedTest
  @ValueSource(
      strings = {"etc/machine-id", "var/log/syslog", "var/log/apt/history.log", "var/log/wtmp"})
  void theseAreEmptied(String path) {
    assertThat(scrub.fate(path)).isEqualTo(Fate.EMPTIED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "var/lib/dbus/machine-id",
        "var/lib/systemd/random-seed",
        "etc/ssh/ssh_host_ed25519_key",
        "etc/ssh/ssh_host_rsa_key.pub",
        "var/log/journal/0123456789abcdef0123456789abcdef",
        "var/log/journal/0123456789abcdef0123456789abcdef/system.journal",
        "var/log/syslog.1",
        "var/log/dpkg.log.2.gz",
        "root/.bash_history",
        "home/a/.zsh_history",
        "home/a/.ssh/id_ed25519",
        "root/.ssh/authorized_keys",
        "root/.gnupg/private-keys-v1.d/k",
        "home/a/.docker/config.json",
        "home/a/.netrc",
      })
  void theseAreLeftOut(String path) {
    assertThat(scrub.fate(path)).isEqualTo(Fate.LEFT_OUT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "etc/ssh/sshd_config",
        "etc/ssh/moduli",
        "root/.ssh",
        "home/a/.docker/cli-plugins/x",
        "srv/.bash_history",
        "var/logs",
        "usr/share/doc/x/changelog.1",
        "root/notes_history",
        "home/.ssh",
      })
  void theseStay(String path) {
    assertThat(scrub.fate(path)).isEqualTo(Fate.KEPT);
  }
}
