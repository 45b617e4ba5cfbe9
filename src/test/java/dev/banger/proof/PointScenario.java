package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DaemonApi;
import dev.banger.api.ImageApi;
import dev.banger.api.KernelApi;
import dev.banger.api.PromoteApi;
import dev.banger.api.SeedApi;
import dev.banger.model.BangerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What is done while the daemon dies, or while its operation is cancelled. */
enum PointScenario {
  /** On an empty host: image, templates, disks and all. */
  FIRST_CREATE("vm.create", Afterwards.WHOLE, Afterwards.GONE_OR_WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      deleteImages(client);
      deleteTemplates(daemon);
    }

    @Override
    void act(TestClient client) throws BangerException {
      String _ = client.create(VM, true);
    }
  },
  CREATE("vm.create", Afterwards.WHOLE, Afterwards.GONE_OR_WHOLE) {
    @Override
    void act(TestClient client) throws BangerException {
      String _ = client.create(VM, false);
    }
  },
  CREATE_AND_START("vm.create", Afterwards.WHOLE, Afterwards.GONE_OR_WHOLE) {
    @Override
    void act(TestClient client) throws BangerException {
      String _ = client.create(VM, true);
    }
  },
  START("vm.start", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, false);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.start(VM);
    }
  },
  RESTART("vm.restart", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, true);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.restart(VM);
    }
  },
  /** Several fields at once. */
  SET("", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      PointChange.create(client, VM);
      client.stop(VM, false);
    }

    @Override
    void act(TestClient client) throws BangerException {
      PointChange.make(client, VM);
    }
  },
  /** Disks grow under a guest that runs. */
  SET_LIVE("", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      PointChange.create(client, VM);
    }

    @Override
    void act(TestClient client) throws BangerException {
      PointChange.make(client, VM);
    }
  },
  /** Disks grow before their guest starts. */
  START_LARGER("vm.start", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      PointChange.create(client, VM);
      client.stop(VM, false);
      PointChange.make(client, VM);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.start(VM);
    }
  },
  STOP("", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, true);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.stop(VM, false);
    }
  },
  DELETE("", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, false);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.delete(VM, false);
    }
  },
  DELETE_BY_FORCE("", Afterwards.GONE, Afterwards.GONE_OR_WHOLE) {

    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, true);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.delete(VM, true);
    }
  },
  PROMOTE("image.promote", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, true);
      client.stop(VM, false);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.await(
          client.call(PromoteApi.BEGIN, new PromoteApi.Promote(VM, PROMOTED, false)).operation());
    }

    @Override
    void check(TestClient client, boolean done) throws BangerException {
      List<String> made =
          client.call(ImageApi.LIST, new DaemonApi.Nothing()).images().stream()
              .filter(image -> image.reference().equals(PROMOTED))
              .map(ImageApi.View::id)
              .toList();
      assertThat(made).as("images promoted").hasSizeLessThanOrEqualTo(1);
      assertThat(!done || made.size() == 1).as("it was made").isTrue();
      for (String image : made) { // also when the daemon died right behind it
        assertThat(client.call(ImageApi.SHOW, new ImageApi.Ref(image)).digest()).isNotEmpty();
        var _ = client.call(ImageApi.DELETE, new ImageApi.Delete(image, false));
      }
    }
  },
  /** An image's work seed is replaced by the home of a VM. */
  SEED("image.seed", Afterwards.WHOLE, Afterwards.WHOLE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, true);
      client.stop(VM, false);
      String seeded = seeded(client);
      boolean there =
          client.call(ImageApi.LIST, new DaemonApi.Nothing()).images().stream()
              .anyMatch(image -> image.reference().equals(seeded));
      if (!there) {
        client.await(client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(seeded)).operation());
      }
      if (client.call(SeedApi.SHOW, new ImageApi.Ref(seeded)).seed() == null) {
        act(client);
      }
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.await(client.call(SeedApi.BEGIN, new SeedApi.FromVm(seeded(client), VM)).operation());
    }

    @Override
    void check(TestClient client, boolean done) throws BangerException {
      SeedApi.View view = client.call(SeedApi.SHOW, new ImageApi.Ref(seeded(client)));
      assertThat(view.seed()).as("one of the two").isNotNull();
    }
  },
  IMAGE_PULL("image.pull", Afterwards.GONE, Afterwards.GONE) {

    @Override
    void act(TestClient client) throws BangerException {
      client.await(client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(IMAGE)).operation());
    }
  },
  /** Of layers that are here already; a registry's are resumed, which is proved elsewhere. */
  IMAGE_PULL_LAYERS("image.pull", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      deleteImages(client); // what is here is not made anew
      PointImages.make(daemon.directories());
    }

    @Override
    void act(TestClient client) throws BangerException {
      String reference = PointImages.layers(client.directories());
      client.await(client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(reference)).operation());
    }
  },
  IMAGE_REGISTER("image.register", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      PointImages.make(daemon.directories());
    }

    @Override
    void act(TestClient client) throws BangerException {
      String rootfs = PointImages.rootfs(client.directories());
      client.await(
          client
              .call(ImageApi.REGISTER_BEGIN, new ImageApi.Register("mine:1", rootfs, null))
              .operation());
    }
  },
  /** With a kernel in it. */
  IMAGE_PULL_BUNDLE("image.pull", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      deleteImages(client); // what is here is not made anew
      PointImages.make(daemon.directories());
    }

    @Override
    void act(TestClient client) throws BangerException {
      ImageApi.Ref bundle = new ImageApi.Ref(PointImages.BUNDLE);
      client.await(client.call(ImageApi.PULL_BEGIN, bundle).operation());
    }
  },
  KERNEL_REGISTER("kernel.register", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      PointImages.make(daemon.directories());
      for (KernelApi.View kernel : client.call(KernelApi.LIST, new DaemonApi.Nothing()).kernels()) {
        if (kernel.kernel().startsWith(PointImages.RELEASE)) {
          deleteKernel(client, kernel.kernel());
        }
      }
    }

    @Override
    void act(TestClient client) throws BangerException {
      registerKernel(client);
    }
  },
  KERNEL_DELETE("", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws Exception {
      KERNEL_REGISTER.prepare(client, daemon);
      registerKernel(client);
    }

    @Override
    void act(TestClient client) throws BangerException {
      deleteKernel(client, PointImages.RELEASE);
    }
  },
  /** One of two images of the same reference. */
  IMAGE_PRUNE("", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      deleteImages(client); // what others have left would go, too
      String _ = client.pull(IMAGE);
      String _ = client.pull(IMAGE);
    }

    @Override
    void act(TestClient client) throws BangerException {
      ImageApi.Pruned _ = client.call(ImageApi.PRUNE, new ImageApi.Prune(false));
    }
  },
  /** With the VM goes its image, whose name is gone already. */
  DELETE_LAST_OF_IMAGE("", Afterwards.GONE, Afterwards.GONE) {
    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      String _ = client.create(VM, false);
      deleteName(client);
    }

    @Override
    void act(TestClient client) throws BangerException {
      client.delete(VM, false);
    }
  },
  IMAGE_DELETE("", Afterwards.GONE, Afterwards.GONE) {

    @Override
    void prepare(TestClient client, TestDaemon daemon) throws BangerException {
      client.await(client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(IMAGE)).operation());
    }

    @Override
    void act(TestClient client) throws BangerException {
      ImageApi.Deleted _ = client.call(ImageApi.DELETE, new ImageApi.Delete(IMAGE, false));
    }
  };

  static final String VM = "web";
  private static final String IMAGE = "tiny:other";
  private static final String SEEDED = "tiny:seeded";
  private static final String PROMOTED = "promoted:one";

  /** What is there of its VM; an image makes none. */
  enum Afterwards {
    GONE,
    GONE_OR_WHOLE,
    WHOLE
  }

  private final String operation;
  private final Afterwards done;
  private final Afterwards brokenOff;

  PointScenario(String operation, Afterwards done, Afterwards brokenOff) {
    this.operation = operation;
    this.done = done;
    this.brokenOff = brokenOff;
  }

  /** Its type; empty: a call that is none. */
  String operation() {
    return operation;
  }

  void prepare(TestClient client, TestDaemon daemon) throws Exception {}

  boolean changesImages() {
    return this == FIRST_CREATE
        || this == DELETE_LAST_OF_IMAGE
        || needsGuest()
        || name().startsWith("IMAGE_")
        || name().startsWith("KERNEL_");
  }

  /** An image is made of a VM. */
  boolean needsGuest() {
    return this == PROMOTE || this == SEED;
  }

  /** {@code vm set} has changed it, or is changing it. */
  boolean changesSettings() {
    return this == SET || this == SET_LIVE || this == START_LARGER;
  }

  /**
   * What is a call can be cancelled, too, by {@code $/cancel}: then it is done, or was not begun.
   */
  boolean isCancelled() {
    return !operation.isEmpty() || changesSettings();
  }

  abstract void act(TestClient client) throws Exception;

  /** What else must be true afterwards. */
  void check(TestClient client, boolean done) throws Exception {}

  /**
   * @param done it was not broken off after all
   */
  Afterwards afterwards(boolean done) {
    return done ? this.done : brokenOff;
  }

  private static void deleteImages(TestClient client) throws BangerException {
    for (ImageApi.View image : client.call(ImageApi.LIST, new DaemonApi.Nothing()).images()) {
      ImageApi.Deleted _ = client.call(ImageApi.DELETE, new ImageApi.Delete(image.id(), false));
    }
  }

  private static void registerKernel(TestClient client) throws BangerException {
    KernelApi.Register wish =
        new KernelApi.Register(PointImages.kernel(client.directories()), null, null);
    client.await(client.call(KernelApi.REGISTER_BEGIN, wish).operation());
  }

  private static void deleteKernel(TestClient client, String kernel) throws BangerException {
    DaemonApi.Nothing _ = client.call(KernelApi.DELETE, new KernelApi.Ref(kernel));
  }

  /** An image of its own; of real guests there is one image only. */
  private static String seeded(TestClient client) throws BangerException {
    String image = client.show(VM).image();
    return image.startsWith("tiny:") ? SEEDED : image;
  }

  /** Of the image that its VM has. */
  private static void deleteName(TestClient client) throws BangerException {
    String image = client.show(VM).image();
    ImageApi.Deleted _ = client.call(ImageApi.DELETE, new ImageApi.Delete(image, true));
  }

  private static void deleteTemplates(TestDaemon daemon) throws Exception {
    Path templates = daemon.directories().data().resolve("templates");
    if (Files.isDirectory(templates)) {
      try (Stream<Path> files = Files.list(templates)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
