package dev.banger.cli;

import dev.banger.api.SshApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "ssh-proxy",
    description = "Join stdin and stdout to a VM's SSH endpoint: what ssh runs as ProxyCommand",
    generateHelp = true)
final class SshProxy extends ClientCommand {
  private static final int BUFFER = 64 << 10;

  @Argument(required = true, paramLabel = "VM", description = "VM: name, name.vm or id")
  String vm = "";

  @Option(
      description = "The port of an SSH server that the guest runs itself, in place of banger's")
  @Nullable Integer direct;

  @Override
  @SuppressWarnings(
      "StreamResourceLeak") // descriptors 0 and 1 are the process's, not ours to close
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      SshApi.Connected _ = client.call(SshApi.CONNECT, new SshApi.Connect(vm, direct));
      try (YamuxSession session = client.upgrade();
          YamuxStream stream = session.open()) {
        Thread.ofPlatform()
            .daemon()
            .name("stdin")
            .start(() -> send(new FileInputStream(FileDescriptor.in), stream));
        copy(stream.input(), new FileOutputStream(FileDescriptor.out));
        return 0;
      } catch (IOException e) {
        throw new BangerException(
            ErrorCode.UNAVAILABLE,
            "the SSH connection to " + vm + " was cut off",
            "see whether the VM and the daemon still run",
            e);
      }
    }
  }

  private static void send(InputStream from, YamuxStream to) {
    try {
      copy(from, to.output());
      to.closeOutput();
    } catch (IOException _) {
      // The other direction sees that as well.
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
    }
  }
}
