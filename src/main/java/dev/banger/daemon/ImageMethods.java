package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.api.ImageApi;
import dev.banger.api.KernelApi;
import dev.banger.api.OperationApi;
import dev.banger.image.FileSource;
import dev.banger.image.Image;
import dev.banger.image.ImageReference;
import dev.banger.image.Images;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.KernelFiles;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.oci.BlobCache;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.ops.Operations;
import dev.banger.proc.Binaries;
import dev.banger.rpc.Methods;
import dev.banger.vm.Vms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code image.*} and {@code kernel.*}. */
final class ImageMethods {
  static final String IMAGE_PULL = "image.pull";
  static final String IMAGE_REGISTER = "image.register";
  static final String KERNEL_PULL = "kernel.pull";
  static final String KERNEL_REGISTER = "kernel.register";

  private final Vms vms;
  private final Operations operations;
  private final Images images;
  private final Kernels kernels;
  private final Binaries binaries;

  ImageMethods(DaemonParts parts) {
    this.vms = parts.vms();
    this.operations = parts.operations();
    this.images = parts.images();
    this.kernels = parts.kernels();
    this.binaries = parts.binaries();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, ImageApi.LIST, (_, _) -> new ImageApi.Views(imageViews()));
    VmMethods.add(methods, ImageApi.SHOW, (_, ref) -> show(images.find(ref.reference())));
    VmMethods.add(methods, ImageApi.DELETE, (_, wish) -> delete(wish));
    VmMethods.add(
        methods,
        ImageApi.PULL_BEGIN,
        (_, ref) -> {
          ImageReference reference = ImageReference.parse(ref.reference());
          return new OperationApi.Begun(
              operations.begin(
                  IMAGE_PULL,
                  reference.toString(),
                  Optional.empty(),
                  progress -> images.pull(reference, progress).id()));
        });
    VmMethods.add(methods, ImageApi.REGISTER_BEGIN, (_, wish) -> register(wish));
    VmMethods.add(methods, ImageApi.PRUNE, (_, wish) -> prune(wish.all()));
    addKernels(methods);
  }

  private void addKernels(Methods methods) {
    VmMethods.add(methods, KernelApi.LIST, (_, _) -> new KernelApi.Views(kernelViews()));
    VmMethods.add(
        methods,
        KernelApi.DELETE,
        (_, ref) -> {
          Kernel kernel = kernels.find(ref.kernel());
          kernels.delete(kernel, () -> usersOf(kernel));
          return new DaemonApi.Nothing();
        });
    VmMethods.add(methods, KernelApi.REGISTER_BEGIN, (_, wish) -> register(wish));
    VmMethods.add(
        methods,
        KernelApi.PULL_BEGIN,
        (_, _) ->
            new OperationApi.Begun(
                operations.begin(
                    KERNEL_PULL,
                    "kernel",
                    Optional.empty(),
                    progress -> kernels.pull(progress).id())));
  }

  private OperationApi.Begun register(KernelApi.Register wish) throws BangerException {
    KernelFiles files =
        new KernelFiles(
            HostPath.parse(wish.file()),
            HostPath.optional(wish.modules()),
            HostPath.optional(wish.initrd()));
    return new OperationApi.Begun(
        operations.begin(
            KERNEL_REGISTER,
            files.kernel().toString(),
            Optional.empty(),
            progress -> kernels.register(files, progress).id()));
  }

  private OperationApi.Begun register(ImageApi.Register wish) throws BangerException {
    ImageReference reference = ImageReference.parse(wish.reference());
    FileSource file = new FileSource(HostPath.parse(wish.rootfs()), binaries);
    String named = wish.kernel();
    Optional<Kernel> kernel = named == null ? Optional.empty() : Optional.of(kernels.find(named));
    return new OperationApi.Begun(
        operations.begin(
            IMAGE_REGISTER,
            reference.toString(),
            Optional.empty(),
            progress -> images.register(reference, file, kernel, progress).id()));
  }

  private ImageApi.Pruned prune(boolean all) throws BangerException, InterruptedException {
    List<ImageApi.Gone> gone = new ArrayList<>();
    long size = 0;
    for (Images.Pruned pruned : images.prune(all, image -> () -> vms.usersOfImage(image.id()))) {
      Image image = pruned.image();
      gone.add(new ImageApi.Gone(pruned.name(), image.id(), pruned.size().bytes()));
      size += pruned.size().bytes();
    }
    int layers = 0;
    long layersSize = 0;
    for (BlobCache cache : images.layerCaches()) {
      BlobCache.Usage left = cache.prune(new ByteSize(0));
      layers += left.blobs();
      layersSize += left.size().bytes();
    }
    return new ImageApi.Pruned(gone, layers, layersSize, size + layersSize);
  }

  /** VMs, and images whose VMs boot it. */
  private List<String> usersOf(Kernel kernel) throws BangerException {
    List<String> users = new ArrayList<>(vms.usersOfKernel(kernel.id()));
    users.addAll(images.usersOfKernel(kernel.id()));
    return users;
  }

  ImageApi.View image(String id) throws BangerException {
    return view(images.find(id));
  }

  KernelApi.View kernel(String id) throws BangerException {
    return view(kernels.find(id));
  }

  private List<ImageApi.View> imageViews() throws BangerException {
    List<ImageApi.View> views = new ArrayList<>();
    for (Image image : images.list()) {
      views.add(view(image));
    }
    return views;
  }

  private ImageApi.Deleted delete(ImageApi.Delete wish)
      throws BangerException, InterruptedException {
    Image image = images.find(wish.reference());
    String name = image.shownName();
    List<String> users = List.of();
    if (wish.force()) {
      users = images.deleteName(image, () -> vms.usersOfImage(image.id()));
    } else {
      images.delete(image, () -> vms.usersOfImage(image.id()));
    }
    return new ImageApi.Deleted(name, image.id(), users);
  }

  private ImageApi.View show(Image image) throws BangerException {
    return view(image, ImageDetails.of(image, images.list()));
  }

  private ImageApi.View view(Image image) throws BangerException {
    return view(image, null);
  }

  private ImageApi.View view(Image image, ImageApi.@Nullable Details details)
      throws BangerException {
    return new ImageApi.View(
        image.shownName(),
        image.id(),
        image.source(),
        System.getProperty("os.arch", ""),
        sizeOf(image.directory()),
        image.created().toEpochMilli(),
        image.defaults().user().isEmpty() ? null : image.defaults().user(),
        image.defaults().command(),
        image.defaults().environment(),
        image.defaults().workingDirectory(),
        image.defaults().stopSignal(),
        image.defaults().ports(),
        image.defaults().volumes(),
        image.provenance(),
        image.digest(),
        image.kernel().isEmpty() ? null : image.kernel(),
        SeedMethods.seed(images, image),
        vms.usersOfImage(image.id()),
        image.deleted(),
        details);
  }

  private List<KernelApi.View> kernelViews() throws BangerException {
    List<KernelApi.View> views = new ArrayList<>();
    for (Kernel kernel : kernels.list()) {
      views.add(view(kernel));
    }
    return views;
  }

  private KernelApi.View view(Kernel kernel) throws BangerException {
    return new KernelApi.View(
        kernel.id(),
        kernel.source(),
        kernel.architecture(),
        sizeOf(kernel.directory()),
        kernel.pulled().toEpochMilli(),
        kernels.newest().filter(kernel::equals).isPresent(),
        vms.usersOfKernel(kernel.id()));
  }

  /** The sizes of its files, holes included. */
  private static long sizeOf(Path directory) throws BangerException {
    try (Stream<Path> files = Files.list(directory)) {
      long bytes = 0;
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
      return bytes;
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot look into " + directory, "check its permissions", e);
    }
  }
}
