package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "logs",
    description = "Print the end of the daemon's log; works without the daemon",
    generateHelp = true)
final class DaemonLogs extends ClientCommand {
  private static final int TAIL = 1 << 20;
  private static final int STANDARD_LINES = 100;

  @Option(shortName = 'n', description = "The last so many lines; 100 when missing")
  @Nullable Integer lines;

  @Override
  int run() throws BangerException, UsageException {
    int wanted = lines == null ? STANDARD_LINES : lines;
    if (wanted < 1) {
      throw new UsageException("at least one line can be shown, not " + wanted, "");
    }
    Path log = directories().daemonLog();
    Path early = log.resolveSibling("daemon.out");
    if (!Files.exists(log) && !Files.exists(early)) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no log at " + log, "no daemon has run there yet");
    }
    print(early, wanted);
    print(log, wanted);
    return 0;
  }

  private static void print(Path log, int wanted) throws BangerException {
    if (!Files.exists(log)) {
      return;
    }
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long start = Math.max(0, file.length() - TAIL);
      byte[] bytes = new byte[(int) (file.length() - start)];
      file.seek(start);
      file.readFully(bytes);
      List<String> all = new String(bytes, StandardCharsets.UTF_8).lines().toList();
      all.subList(Math.max(0, all.size() - wanted), all.size()).forEach(System.out::println);
    } catch (IOException e) {
      throw new BangerException(ErrorCode.PERMISSION, "cannot read " + log, "", e);
    }
  }
}
