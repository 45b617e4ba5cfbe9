package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.vmm.VmmFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads the logs that the shim keeps: the older half is in FILE.1 (guest/PROTOCOL.md, section 9).
 */
final class VmLogs {
  private final Directories directories;

  VmLogs(Directories directories) {
    this.directories = directories;
  }

  /** The last {@code lines} lines, all when 0; {@code source} is console or vmm. */
  String read(VmId id, String source, int lines) throws BangerException {
    VmmFiles files = new VmmFiles(id, directories.vmRun(id), directories.vm(id));
    Path file =
        switch (source) {
          case "console" -> files.console();
          case "vmm" -> files.errors();
          default ->
              throw new BangerException(
                  ErrorCode.INVALID, "there is no log '" + source + "'", "choose console or vmm");
        };
    String text = part(file.resolveSibling(file.getFileName() + ".1")) + part(file);
    return lines <= 0 ? text : last(text, lines);
  }

  private static String part(Path file) throws BangerException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return ""; // never written, or the shim has just put it aside
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot read " + file, "check its permissions", e);
    }
  }

  private static String last(String text, int lines) {
    int from = text.endsWith("\n") ? text.length() - 1 : text.length();
    for (int i = 0; i < lines && from >= 0; i++) {
      from = text.lastIndexOf('\n', from - 1);
    }
    return text.substring(from + 1);
  }
}
