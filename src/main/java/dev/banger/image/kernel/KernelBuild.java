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
import java.nio.charset.StandardCharsets;
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

  /** What {@link #buildOf} made. */
  record Built(String release, String digest) {}

  /** Everything but the manifest, of files of this host. INVALID when they do not fit together. */
  Built buildOf(KernelFiles given, Progress progress) throws BangerException, InterruptedException {
    KernelFiles files = given.real();
    progress.stage("read kernel");
    byte[] content = files.readKernel();
    byte[] initrd =
        files.initrd().isPresent() ? files.readInitrd(files.initrd().get()) : new byte[0];
    String digest = files.digest(content, initrd);
    String release;
    List<String> missing;
    try {
      byte[] vmlinux = BzImage.isElf(content) ? content : BzImage.vmlinux(content);
      release = BzImage.release(vmlinux);
      missing = BuiltInDrivers.missing(vmlinux, InitramfsFlavour.QEMU_MICROVM.required());
      Files.write(target.resolve("vmlinux"), vmlinux);
      Files.write(target.resolve("vmlinuz"), content);
      if (initrd.length > 0) {
        Files.write(target.resolve(Kernel.INITRD), initrd);
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          files.kernel() + " is no kernel that VMs here can boot",
          "give a bzImage (vmlinuz) or an ELF vmlinux for x86-64",
          e);
    }
    progress.stage("make modules disk");
    Path modules = unpacked.resolve("given").resolve(release);
    if (files.modules().isPresent()) {
      copyModules(files.modules().get(), modules);
      copyBootModules(modules);
      requireRelease(release, files);
    } else {
      requireNoneMissing(missing, files);
      withoutModules(modules);
    }
    makeModulesDisk(modules, uuid(digest));
    return new Built(release, digest);
  }

  static UUID uuid(String digest) {
    return UUID.nameUUIDFromBytes(("modules " + digest).getBytes(StandardCharsets.UTF_8));
  }

  private void copyModules(Path from, Path to) throws BangerException, InterruptedException {
    if (!Files.isDirectory(from.resolve("kernel"))
        && !Files.isRegularFile(from.resolve("modules.builtin"))) {
      throw new BangerException(
          ErrorCode.INVALID,
          from + " is no directory of a kernel's modules",
          "name what `make modules_install` made: .../lib/modules/RELEASE");
    }
    try {
      Files.createDirectories(to.resolveSibling("."));
    } catch (IOException e) {
      throw Trees.failure("cannot make " + to, e);
    }
    Command.of(
            binaries, new Tool("cp", "coreutils"), "-a", "--reflink=auto", "--no-target-directory")
        .with(from.toString(), to.toString())
        .run(ErrorCode.UNAVAILABLE, "cannot copy " + from, "see the cause");
  }

  private static void requireNoneMissing(List<String> missing, KernelFiles files)
      throws BangerException {
    if (!missing.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          files.kernel()
              + " cannot boot a VM alone: not built in are "
              + String.join(", ", missing),
          "give its modules, `--modules lib/modules/RELEASE`, or build these drivers in (=y)");
    }
  }

  /** Nothing is loaded at boot: it is all built in. */
  private void withoutModules(Path modules) throws BangerException {
    try {
      Files.createDirectories(modules);
      Files.createDirectories(target.resolve("boot-modules"));
      for (InitramfsFlavour flavour : InitramfsFlavour.values()) {
        Files.write(target.resolve(flavour.orderFile()), List.of());
      }
    } catch (IOException e) {
      throw Trees.failure("cannot write the kernel's files", e);
    }
  }

  private void requireRelease(String release, KernelFiles files) throws BangerException {
    for (Path module : Trees.list(target.resolve("boot-modules"))) {
      try {
        String its = ModuleFile.read(module).release();
        if (!its.equals(release)) {
          throw new BangerException(
              ErrorCode.INVALID,
              "the modules are of Linux " + its + ", but " + files.kernel() + " is " + release,
              "give the modules of this very kernel");
        }
      } catch (IOException e) {
        throw Trees.failure("cannot read " + module, e);
      }
    }
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
