package dev.banger.daemon;

import dev.banger.api.Api;
import dev.banger.api.DaemonApi;
import dev.banger.api.ImageApi;
import dev.banger.api.KernelApi;
import dev.banger.api.Method;
import dev.banger.api.OpenRpc;
import dev.banger.api.PromoteApi;
import dev.banger.api.SeedApi;
import dev.banger.api.VmApi;
import dev.banger.api.VmmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Version;
import dev.banger.ops.OperationStatus;
import dev.banger.rpc.Methods;
import dev.banger.vm.Promotion;
import dev.banger.vm.Vms;
import io.avaje.jsonb.Jsonb;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every method of {@link Api}, with who serves it. */
final class MethodTable {
  private static final Logger LOG = LoggerFactory.getLogger(MethodTable.class);

  private final Jsonb json = Jsonb.builder().build();
  private final Vms vms;
  private final ImageMethods images;
  private final SeedMethods seeds;

  private MethodTable(Vms vms, ImageMethods images, SeedMethods seeds) {
    this.vms = vms;
    this.images = images;
    this.seeds = seeds;
  }

  static Methods of(DaemonParts parts, DaemonMethods daemon) {
    Methods methods = new Methods();
    ImageMethods images = new ImageMethods(parts);
    SeedMethods seeds = new SeedMethods(parts);
    MethodTable table = new MethodTable(parts.vms(), images, seeds);
    OperationMethods operations = new OperationMethods(parts.operations(), table::result);
    VmMethods vms = new VmMethods(parts);
    List<Method<?, ?>> perKind = new ArrayList<>(VmApi.OPERATIONS);
    perKind.addAll(ImageApi.OPERATIONS);
    perKind.addAll(PromoteApi.OPERATIONS);
    perKind.addAll(SeedApi.OPERATIONS);
    perKind.addAll(KernelApi.OPERATIONS);
    perKind.addAll(VmmApi.OPERATIONS);

    daemon.addTo(methods);
    operations.addTo(methods, perKind);
    vms.addTo(methods);
    new ProgramMethods(parts, operations, vms).addTo(methods);
    new StreamMethods(parts.vms(), parts.directories()).addTo(methods);
    new SshMethods(parts).addTo(methods);
    new SetMethods(parts.vms()).addTo(methods);
    new PortMethods(parts.vms()).addTo(methods);
    new NetworkMethods(parts.vms(), parts.network().bridged()).addTo(methods);
    new FigureMethods(parts.vms().observer()).addTo(methods);
    images.addTo(methods);
    new CatalogMethods(parts).addTo(methods);
    seeds.addTo(methods);
    new DiskMethods(parts).addTo(methods);
    new VmmMethods(parts).addTo(methods);
    new EventMethods(parts.vms()).addTo(methods);
    VmMethods.add(
        methods, DaemonApi.DISCOVER, (_, _) -> OpenRpc.document(Version.TEXT, Api.methods()));
    return methods;
  }

  /** What a finished operation answers with: the thing it made, as it is now. */
  private @Nullable String result(OperationStatus status) {
    try {
      return switch (status.kind()) {
        case Vms.CREATE, Vms.START, Vms.RESTART -> json.toJson(Views.of(vms.show(status.result())));
        case ImageMethods.IMAGE_PULL, ImageMethods.IMAGE_REGISTER, Promotion.PROMOTE ->
            json.toJson(images.image(status.result()));
        case Promotion.SEED -> json.toJson(seeds.view(status.result()));
        case ImageMethods.KERNEL_PULL, ImageMethods.KERNEL_REGISTER ->
            json.toJson(images.kernel(status.result()));
        default -> null;
      };
    } catch (BangerException e) {
      LOG.debug("what operation {} made is gone", status.id(), e);
      return null;
    }
  }
}
