package dev.banger.image.kernel;

import dev.banger.image.disk.Mke2fs;
import dev.banger.image.disk.RootView;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** Takes an unpacked kernel package apart into the files of a {@link Kernel}. */
final class KernelBuild {
  private static final Tool DPKG_DEB = new Tool("dpkg-deb", "dpkg");
  private static final Tool DEPMOD = new Tool("depmod", "kmod");
  private static final List<Path> MODULE_DIRECTORIES =
      List.of(Path.of("lib/modules"), Path.of("usr/lib/modules"));

  private final Binaries binaries;
  private final Path unpacked;
  private final Path target;

  /**
   * @param scratch for what is not kept
   * @param target gets the kernel's files
   */
  KernelBuild(Binaries binaries, Path scratch, Path target) {
    this.binaries = binaries;
    this.unpacked = scratch.resolve("unpacked");
    this.target = target;
  }

  /** Makes everything but the manifest; says the kernel's release. */
  String build(Path archive, UUID modulesUuid, Progress progress)
      throws BangerException, InterruptedException {
    progress.stage("unpack kernel");
    Command.of(binaries, DPKG_DEB, "--extract", archive.toString(), unpacked.toString())
        .run(ErrorCode.CORRUPT, "cannot unpack " + archive, "delete it and pull again");
    Path modules = modules();
    String release = modules.getFileName().toString();
    progress.stage("extract kernel");
    Path image = unpacked.resolve("boot").resolve("vmlinuz-" + release);
    try {
      Files.write(target.resolve("vmlinux"), BzImage.vmlinux(Files.readAllBytes(image)));
      Files.copy(image, target.resolve("vmlinuz"));
    } catch (IOException e) {
      throw Trees.failure("cannot extract the kernel from " + archive, e);
    }
    progress.stage("make modules disk");
    copyBootModules(modules);
    makeModulesDisk(modules, modulesUuid);
    return release;
  }

  private Path modules() throws BangerException {
    for (Path candidate : MODULE_DIRECTORIES) {
      Path parent = unpacked.resolve(candidate);
      if (Files.isDirectory(parent)) {
        try (Stream<Path> releases = Files.list(parent)) {
          List<Path> all = releases.toList();
          if (all.size() == 1) {
            return all.getFirst();
          }
        } catch (IOException e) {
          throw Trees.failure("cannot list " + parent, e);
        }
      }
    }
    throw new BangerException(
        ErrorCode.CORRUPT, "the kernel package has no modules of exactly one kernel", "");
  }

  private void copyBootModules(Path modules) throws BangerException {
    Path directory = target.resolve("boot-modules");
    try {
      Files.createDirectories(directory);
      ModuleTree tree = ModuleTree.read(modules);
      for (InitramfsFlavour flavour : InitramfsFlavour.values()) {
        List<ModuleFile> order = tree.inLoadOrder(flavour.required(), flavour.optional());
        for (ModuleFile module : order) {
          module.writeTo(directory.resolve(module.name() + ".ko"));
        }
        Files.write(
            target.resolve(flavour.orderFile()), order.stream().map(ModuleFile::name).toList());
      }
    } catch (IOException e) {
      throw Trees.failure("cannot pick the modules to boot with", e);
    }
  }

  private void makeModulesDisk(Path modules, UUID uuid)
      throws BangerException, InterruptedException {
    String release = modules.getFileName().toString();
    Path base = unpacked.resolve("depmod");
    Path tree = base.resolve("lib/modules").resolve(release);
    try {
      Files.createDirectories(tree.getParent());
      Files.move(modules, tree);
    } catch (IOException e) {
      throw Trees.failure("cannot move " + modules, e);
    }
    Command.of(binaries, DEPMOD, "-b", base.toString(), release)
        .run(ErrorCode.INTERNAL, "cannot work out what the modules of " + release + " need", "");
    Mke2fs.ofRoot(new RootView(binaries))
        .fromTree(target.resolve("modules.ext4"), tree, uuid, "banger-modules", false);
  }
}
