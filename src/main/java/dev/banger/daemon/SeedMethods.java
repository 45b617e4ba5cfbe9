package dev.banger.daemon;

import dev.banger.api.DaemonApi;
import dev.banger.api.OperationApi;
import dev.banger.api.PromoteApi;
import dev.banger.api.SeedApi;
import dev.banger.guest.ssh.DaemonKey;
import dev.banger.image.ArchiveLayer;
import dev.banger.image.Image;
import dev.banger.image.ImageReference;
import dev.banger.image.Images;
import dev.banger.image.Seed;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
import dev.banger.vm.Promotion;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code image.seed.*} and {@code image.promote.*}: images and homes made of what is here. */
final class SeedMethods {
  private static final int ORIGIN_LIMIT = 4096;

  private final Images images;
  private final Promotion promotion;
  private final DaemonKey key;

  SeedMethods(DaemonParts parts) {
    this.images = parts.images();
    this.promotion = parts.vms().promotion();
    this.key = parts.ssh().keys().client();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, SeedApi.SHOW, (_, ref) -> show(images.find(ref.reference())));
    VmMethods.add(methods, SeedApi.CLEAR, (_, ref) -> clear(images.find(ref.reference())));
    StreamMethods.add(methods, SeedApi.FILL, (_, wish) -> fill(wish));
    VmMethods.add(
        methods,
        SeedApi.BEGIN,
        (_, wish) ->
            new OperationApi.Begun(
                promotion.seed(wish.vm(), images.find(wish.reference()), key.fingerprint())));
    VmMethods.add(
        methods,
        PromoteApi.BEGIN,
        (_, wish) ->
            new OperationApi.Begun(
                promotion.promote(
                    wish.vm(), ImageReference.parse(wish.reference()), wish.scrub())));
  }

  /** By the image's id. */
  SeedApi.View view(String image) throws BangerException {
    return view(images.byId(image));
  }

  private SeedApi.View view(Image image) throws BangerException {
    return new SeedApi.View(image.reference().toString(), image.id(), seed(images, image));
  }

  static SeedApi.@Nullable Seed seed(Images images, Image image) throws BangerException {
    Optional<Seed> seed = images.seeds().of(image.id());
    return seed.isEmpty()
        ? null
        : new SeedApi.Seed(
            seed.get().size().bytes(),
            seed.get().disk().allocated().bytes(),
            seed.get().origin(),
            seed.get().created().toEpochMilli(),
            seed.get().fingerprint());
  }

  private SeedApi.View show(Image image) throws BangerException, InterruptedException {
    if (images.seeds().of(image.id()).isPresent()) {
      images.seeds().refresh(key.fingerprint());
    }
    return view(image);
  }

  private SeedApi.View clear(Image image) throws BangerException, InterruptedException {
    if (!images.seeds().clear(image)) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "the image " + image.reference() + " has no work seed", "");
    }
    return view(image);
  }

  private Upgrade<DaemonApi.Nothing> fill(SeedApi.Fill wish) throws BangerException {
    Image image = images.find(wish.reference());
    if (wish.origin().length() > ORIGIN_LIMIT
        || wish.origin().chars().anyMatch(Character::isISOControl)) {
      throw new BangerException(
          ErrorCode.INVALID,
          "the origin has control characters, or more than " + ORIGIN_LIMIT + " characters",
          "name a directory");
    }
    String fingerprint = key.fingerprint();
    return new Upgrade<>(
        new DaemonApi.Nothing(), session -> fill(session, image, wish.origin(), fingerprint));
  }

  private void fill(YamuxSession session, Image image, String origin, String fingerprint)
      throws InterruptedException, IOException {
    try (YamuxStream control = session.accept();
        YamuxStream archive = session.accept()) {
      ControlMessage result;
      ArchiveLayer home = new ArchiveLayer(archive.input());
      try {
        Seed _ = images.seeds().make(image, home, origin, fingerprint, Progress.SILENT);
        result = new ControlMessage.Copied(home.entries(), home.bytes());
      } catch (BangerException e) {
        archive.reset();
        result = new ControlMessage.Failed(e);
      }
      ControlMessage.write(control.output(), result);
      control.closeOutput();
    }
  }
}
