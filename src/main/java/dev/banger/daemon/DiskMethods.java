package dev.banger.daemon;

import dev.banger.api.DiskApi;
import dev.banger.image.Image;
import dev.banger.image.Images;
import dev.banger.image.Seed;
import dev.banger.image.disk.Trees;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.rpc.Methods;
import dev.banger.vm.VmView;
import dev.banger.vm.Vms;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code disk.usage}. Takes no lock: what changes meanwhile is seen before or after. */
final class DiskMethods {
  private final Vms vms;
  private final Images images;
  private final Kernels kernels;
  private final Directories directories;

  DiskMethods(DaemonParts parts) {
    this.vms = parts.vms();
    this.images = parts.images();
    this.kernels = parts.kernels();
    this.directories = parts.directories();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, DiskApi.USAGE, (_, _) -> usage());
  }

  private DiskApi.Usage usage() throws BangerException {
    Path cache = directories.cache();
    Path templates = directories.data().resolve("templates");
    List<DiskApi.Row> rows =
        List.of(
            row("images", "banger image prune --all", images()),
            row("kernels", "banger kernel delete KERNEL", kernels()),
            row("seeds", "banger image seed IMAGE --clear", seeds()),
            row("vms", "", vms()),
            row("layers", "banger image prune", each(List.of(cache.resolve("blobs")))),
            row("templates", "rm " + templates + "/*", each(Trees.list(templates))),
            row(
                "downloads",
                "rm -r them, when nothing is pulled",
                each(
                    List.of(
                        cache.resolve("apt"),
                        cache.resolve("archives"),
                        cache.resolve("initramfs")))));
    return new DiskApi.Usage(
        rows,
        rows.stream().mapToLong(DiskApi.Row::size).sum(),
        rows.stream().mapToLong(DiskApi.Row::droppable).sum());
  }

  private static DiskApi.Row row(String kind, String how, List<DiskApi.Item> items) {
    return new DiskApi.Row(
        kind,
        items.stream().mapToLong(DiskApi.Item::size).sum(),
        items.stream().filter(DiskApi.Item::droppable).mapToLong(DiskApi.Item::size).sum(),
        how,
        items);
  }

  private List<DiskApi.Item> images() throws BangerException {
    List<DiskApi.Item> items = new ArrayList<>();
    for (Image image : images.list()) {
      String name = image.shownName() + " (" + image.id() + ")";
      items.add(item(name, image.directory(), vms.usersOfImage(image.id()).isEmpty()));
    }
    return items;
  }

  /** None is dropped without loss: they are the user's own. */
  private List<DiskApi.Item> seeds() throws BangerException {
    List<DiskApi.Item> items = new ArrayList<>();
    for (Seed seed : images.seeds().list()) {
      items.add(item("of image " + seed.image(), seed.directory(), false));
    }
    return items;
  }

  private List<DiskApi.Item> kernels() throws BangerException {
    List<DiskApi.Item> items = new ArrayList<>();
    for (Kernel kernel : kernels.list()) {
      boolean droppable =
          !kernels.newest().filter(kernel::equals).isPresent()
              && vms.usersOfKernel(kernel.id()).isEmpty()
              && images.usersOfKernel(kernel.id()).isEmpty();
      items.add(item(kernel.id(), kernel.directory(), droppable));
    }
    return items;
  }

  private List<DiskApi.Item> vms() throws BangerException {
    List<DiskApi.Item> items = new ArrayList<>();
    for (VmView vm : vms.list()) {
      items.add(item(vm.row().name().value(), directories.vm(vm.row().id()), false));
    }
    return items;
  }

  private static List<DiskApi.Item> each(List<Path> trees) throws BangerException {
    List<DiskApi.Item> items = new ArrayList<>();
    for (Path tree : trees) {
      DiskApi.Item item = item(tree.toString(), tree, true);
      if (item.size() > 0) {
        items.add(item);
      }
    }
    return items;
  }

  private static DiskApi.Item item(String name, Path tree, boolean droppable)
      throws BangerException {
    return new DiskApi.Item(name, Trees.allocated(tree).bytes(), droppable);
  }
}
