package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds every program that banger runs: the configuration's choice, then the bundled directories,
 * then PATH, then the system's directories (a user's PATH may lack the sbin ones).
 */
public final class Binaries {
  private static final List<String> SYSTEM =
      List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");

  private final Map<String, Path> chosen;
  private final List<Path> directories;

  /**
   * @param chosen name to binary, from the configuration; such a binary must exist
   * @param bundled directories that ship with banger
   * @param path the PATH variable
   */
  public Binaries(Map<String, Path> chosen, List<Path> bundled, String path) {
    this.chosen = Map.copyOf(chosen);
    List<Path> all = new ArrayList<>(bundled);
    for (String entry : path.split(":", -1)) {
      if (entry.startsWith("/")) {
        all.add(Path.of(entry));
      }
    }
    SYSTEM.stream().map(Path::of).filter(d -> !all.contains(d)).forEach(all::add);
    this.directories = List.copyOf(all);
  }

  /**
   * As banger is installed: its own programs lie beside its jar in {@code bin}, or in the source
   * tree's guest/build.
   *
   * @param chosen name to binary, from the configuration
   * @param fetched directories of programs that were fetched, the preferred first
   */
  public static Binaries installed(Map<String, Path> chosen, List<Path> fetched)
      throws BangerException {
    Path home = home();
    List<Path> bundled = new ArrayList<>();
    bundled.add(home.resolve("bin"));
    bundled.add(home.resolveSibling("guest/build"));
    bundled.addAll(fetched);
    return new Binaries(chosen, bundled, System.getenv().getOrDefault("PATH", ""));
  }

  /** The directory that holds the jar. */
  private static Path home() throws BangerException {
    try {
      URL location = Binaries.class.getProtectionDomain().getCodeSource().getLocation();
      // A class out of an AOT cache has none where the jar was moved after the cache was made.
      Path code =
          location == null
              ? Path.of(System.getProperty("java.class.path", ""))
              : Path.of(location.toURI());
      Path parent = code.toAbsolutePath().getParent();
      return parent == null ? Path.of("/") : parent;
    } catch (URISyntaxException e) {
      throw new BangerException(
          ErrorCode.INTERNAL, "cannot tell where banger is installed", "report this", e);
    }
  }

  /** With nothing chosen and nothing bundled. */
  public static Binaries ofPath() {
    return new Binaries(Map.of(), List.of(), System.getenv().getOrDefault("PATH", ""));
  }

  /** The binary, or HOST_UNSUPPORTED with the package to install. */
  public Path find(Tool tool) throws BangerException {
    Path choice = chosen.get(tool.name());
    if (choice != null && !isProgram(choice)) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "the configuration names " + choice + " as " + tool.name() + ", but it is no program",
          "correct the path in config.toml, or remove it");
    }
    return lookup(tool)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.HOST_UNSUPPORTED,
                "cannot find the program " + tool.name() + " on this host",
                "install it: apt-get install " + tool.debianPackage()));
  }

  /** Empty when it is missing. */
  public Optional<Path> lookup(Tool tool) {
    Path choice = chosen.get(tool.name());
    if (choice != null) {
      return Optional.of(choice).filter(Binaries::isProgram);
    }
    return directories.stream()
        .map(d -> d.resolve(tool.name()))
        .filter(Binaries::isProgram)
        .findFirst();
  }

  /** All directories in search order, joined: the PATH for children. */
  String path() {
    return String.join(":", directories.stream().map(Path::toString).toList());
  }

  private static boolean isProgram(Path path) {
    return Files.isRegularFile(path) && Files.isExecutable(path);
  }
}
