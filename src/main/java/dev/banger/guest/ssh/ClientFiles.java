package dev.banger.guest.ssh;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What OpenSSH's client reads: a configuration in which {@code NAME.vm} is a VM and {@code
 * NAME.direct.vm} the SSH server that its guest runs itself, and a known_hosts of one line, the
 * daemon's authority. Whoever includes the configuration is asked nothing.
 */
public final class ClientFiles {
  private final SshKeys keys;
  private final List<String> proxy;

  /**
   * @param proxy the words that join a client's standard input and output to the VM whose name
   *     follows
   */
  public ClientFiles(SshKeys keys, List<String> proxy) {
    this.keys = keys;
    this.proxy = List.copyOf(proxy);
  }

  public Path config() {
    return keys.directory().resolve("config");
  }

  public Path knownHosts() {
    return keys.directory().resolve("known_hosts");
  }

  /** Both are there and up to date when it returns. */
  public void write() throws BangerException {
    String authority = keys.authority().line();
    String _ = keys.client().line();
    keys.requirePrivate();
    try {
      PrivateFile.write(knownHosts(), "@cert-authority *.vm,[*.vm]:* " + authority + "\n");
      PrivateFile.write(config(), text());
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot write the configuration of SSH clients in " + keys.directory(),
          "check its permissions, and the free space",
          e);
    }
  }

  private String text() {
    return """
    # Written by banger, again and again; docs/ssh.md tells what it does.
    Host *.direct.vm
      ProxyCommand %1$s --direct %%p %%h
      User root
      IdentityFile %3$s
      UserKnownHostsFile /dev/null
      GlobalKnownHostsFile /dev/null
      StrictHostKeyChecking no
      LogLevel ERROR
      CheckHostIP no
    Host *.vm !*.direct.vm
      ProxyCommand %1$s %%h
      User %2$s
      IdentityFile %3$s
      IdentitiesOnly yes
      PreferredAuthentications publickey
      UserKnownHostsFile %4$s
      GlobalKnownHostsFile /dev/null
      HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com
      StrictHostKeyChecking yes
      UpdateHostKeys no
      CheckHostIP no
      Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr
      Compression no
    """
        .formatted(
            proxy.stream().map(ClientFiles::shellWord).collect(Collectors.joining(" ")),
            Login.OWN,
            fileWord(keys.client().file()),
            fileWord(knownHosts()));
  }

  /** For sh, which ssh runs it by, after ssh has looked for its percent signs. */
  private static String shellWord(String word) {
    return "'" + word.replace("'", "'\\''").replace("%", "%%") + "'";
  }

  private static String fileWord(Path file) {
    return "\"" + file.toString().replace("%", "%%") + "\"";
  }
}
