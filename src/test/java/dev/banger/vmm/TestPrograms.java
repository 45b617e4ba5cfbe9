package dev.banger.vmm;

import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The C programs that the VMM tests need, compiled when they are not there yet. */
public final class TestPrograms {
  private static final Path GUEST = Path.of("guest").toAbsolutePath();
  private static final Path PROGRAMS = Path.of("target", "test-programs").toAbsolutePath();
  private static final Tool MAKE = new Tool("make", "make");
  private static final Tool COMPILER = new Tool("musl-gcc", "musl-tools");

  private TestPrograms() {}

  /** Finds banger-shim where {@code make -C guest} leaves it, and more in these directories. */
  public static Binaries binaries(Path... more) throws Exception {
    require(Command.of(Binaries.ofPath(), MAKE, "-s", "-C", GUEST.toString(), "build/banger-shim"));
    List<Path> directories = new ArrayList<>(List.of(more));
    directories.add(GUEST.resolve("build"));
    return new Binaries(Map.of(), directories, System.getenv().getOrDefault("PATH", ""));
  }

  /** A program of the guest tree, as {@code make -C guest} leaves it. */
  public static Path guest(String name) throws Exception {
    require(Command.of(Binaries.ofPath(), MAKE, "-s", "-C", GUEST.toString(), "build/" + name));
    return GUEST.resolve("build").resolve(name);
  }

  /** A static program from {@code NAME.c} beside this class; many may ask at once. */
  public static Path compiled(String name) throws Exception {
    byte[] text;
    try (InputStream source = TestPrograms.class.getResourceAsStream(name + ".c")) {
      text = source.readAllBytes();
    }
    Path whole = PROGRAMS.resolve(name + "-" + Integer.toHexString(Arrays.hashCode(text)));
    Path program = whole.resolve(name);
    if (Files.exists(program)) {
      return program;
    }
    Files.createDirectories(PROGRAMS);
    Path mine = Files.createTempDirectory(PROGRAMS, name);
    Path source = Files.write(mine.resolve(name + ".c"), text);
    require(
        Command.of(
            Binaries.ofPath(),
            COMPILER,
            "-static",
            "-O2",
            "-s",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-o",
            mine.resolve(name).toString(),
            source.toString()));
    try {
      Files.move(mine, whole, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (!Files.exists(program)) { // else another was faster
        throw e;
      }
    }
    return program;
  }

  private static void require(Command command) throws Exception {
    Finished finished = command.run();
    if (!finished.ok()) {
      throw new IllegalStateException(finished.toString());
    }
  }
}
