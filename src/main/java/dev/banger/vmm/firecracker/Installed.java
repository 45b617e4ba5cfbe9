package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The binaries, and their releases as they say them; a file that did not change is asked once. */
final class Installed {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Binaries binaries;
  private final Map<String, FirecrackerVersion> known = new ConcurrentHashMap<>();

  Installed(Binaries binaries) {
    this.binaries = binaries;
  }

  /** A program that can be driven. */
  record Program(Path path, FirecrackerVersion version) {}

  /** Throws HOST_UNSUPPORTED when it is missing, is no Firecracker, or is too old. */
  Program find(Tool tool) throws BangerException, InterruptedException {
    Path path = real(binaries.find(tool));
    FirecrackerVersion version = version(tool, path);
    if (!version.supported()) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          tool
              + " "
              + version
              + " at "
              + path
              + " is too old: "
              + FirecrackerVersion.OLDEST
              + " or later is needed",
          "`banger vmm pull firecracker` installs another beside it; docs/firecracker.md");
    }
    return new Program(path, version);
  }

  /** A jailer of another release is refused: the two belong together. */
  Program findJailer(Program firecracker) throws BangerException, InterruptedException {
    Path beside = firecracker.path().resolveSibling(FirecrackerVmm.JAILER.name());
    Path path = Files.isExecutable(beside) ? beside : real(binaries.find(FirecrackerVmm.JAILER));
    FirecrackerVersion version = version(FirecrackerVmm.JAILER, path);
    if (!version.equals(firecracker.version())) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "the jailer "
              + path
              + " is of release "
              + version
              + ", Firecracker of "
              + firecracker.version(),
          "install both of one release, side by side");
    }
    return new Program(path, version);
  }

  private static Path real(Path path) throws BangerException {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw new BangerException(ErrorCode.HOST_UNSUPPORTED, "cannot look at " + path, "", e);
    }
  }

  private FirecrackerVersion version(Tool tool, Path path)
      throws BangerException, InterruptedException {
    String key = key(path);
    FirecrackerVersion before = known.get(key);
    if (before != null) {
      return before;
    }
    Finished said =
        Command.of(new Binaries(Map.of(tool.name(), path), List.of(), ""), tool, "--version")
            .limit(LIMIT)
            .run();
    Optional<FirecrackerVersion> version = FirecrackerVersion.said(said.output());
    if (!said.ok() || version.isEmpty()) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          path + " does not say its release when asked (--version): " + said,
          "it must be " + tool + " for this machine: see docs/firecracker.md");
    }
    known.put(key, version.get());
    return version.get();
  }

  private static String key(Path path) throws BangerException {
    try {
      return path + " " + Files.size(path) + " " + Files.getLastModifiedTime(path);
    } catch (IOException e) {
      throw new BangerException(ErrorCode.HOST_UNSUPPORTED, "cannot look at " + path, "", e);
    }
  }
}
