package dev.banger.image;

import dev.banger.image.disk.Mke2fs;
import dev.banger.image.disk.RootView;
import dev.banger.image.disk.Trees;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** For tests: {@code tiny:anything}, a root file system that holds one static program only. */
public final class TinyImageSource implements ImageSource {
  private final Path program;
  private final Binaries binaries;

  public TinyImageSource(Path program, Binaries binaries) {
    this.program = program;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "tiny";
  }

  @Override
  public boolean accepts(ImageReference reference) {
    return reference.name().equals("tiny");
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    Path tree = disk.resolveSibling("tree");
    try {
      Files.createDirectories(tree.resolve("bin"));
      Path copy = Files.copy(program, tree.resolve("bin").resolve(program.getFileName()));
      if (!copy.toFile().setExecutable(true)) {
        throw new IOException("cannot make " + copy + " executable");
      }
      UUID uuid = UUID.randomUUID();
      Mke2fs.ofRoot(new RootView(binaries)).fromTree(disk, tree, uuid, "tiny", false);
      Trees.remove(tree);
      return new Pulled(
          program.toString(),
          "",
          uuid,
          false,
          ImageDefaults.shell(List.of("/bin/" + program.getFileName()), List.of()));
    } catch (IOException e) {
      throw Trees.failure("cannot make the tiny image", e);
    }
  }
}
