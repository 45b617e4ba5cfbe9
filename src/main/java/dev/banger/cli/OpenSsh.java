package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.util.List;

/** The system's ssh, with this process's terminal and streams. */
final class OpenSsh {
  private OpenSsh() {}

  /** Returns its exit status. */
  static int run(List<String> command) throws BangerException, InterruptedException {
    Process ssh;
    try {
      ssh = new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot run " + command.getFirst(),
          "install openssh-client; `banger vm exec -t` needs none",
          e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(ssh::destroy));
    return ssh.waitFor();
  }
}
