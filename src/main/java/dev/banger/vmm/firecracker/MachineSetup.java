package dev.banger.vmm.firecracker;

import dev.banger.model.ByteSize;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The requests that make of a fresh Firecracker one VM, in their order. Its devices are in the
 * guest in the order of the requests; none of the disks is a root to Firecracker, for the initramfs
 * finds them.
 */
record MachineSetup(VmmSpec spec, FirecrackerVersion version, Surroundings surroundings) {
  /** No host vsock is used: every VM may have the same. */
  private static final int GUEST_CID = 3;

  /** Of each VM, beside its disks and cards: vsock, random numbers, balloon. */
  static final int OWN_DEVICES = 3;

  /** What Firecracker takes; it adds to it where the devices are. */
  static final int COMMAND_LINE_LIMIT = 2048;

  private static final int REFILL_MILLIS = 100;

  static final String INSTANCE_START = "InstanceStart";

  /** The guest's RAM, in the unit that Firecracker takes. */
  static ByteSize memorySize(VmmSpec spec) {
    return spec.memory().roundUp(ByteSize.mib(1));
  }

  List<ApiRequest> requests() {
    List<ApiRequest> all = new ArrayList<>();
    all.add(ApiRequest.put("/metrics", Map.of("metrics_path", surroundings.metrics())));
    all.add(machine());
    all.add(boot());
    for (int i = 0; i < spec.drives().size(); i++) {
      all.add(drive(i, spec.drives().get(i)));
    }
    for (int i = 0; i < spec.nics().size(); i++) {
      all.add(card(i, spec.nics().get(i)));
    }
    all.add(
        ApiRequest.put("/vsock", Map.of("guest_cid", GUEST_CID, "uds_path", surroundings.vsock())));
    all.add(ApiRequest.put("/entropy", Map.of()));
    all.add(balloon());
    all.add(ApiRequest.action(INSTANCE_START));
    return List.copyOf(all);
  }

  private ApiRequest machine() {
    long mebibytes = memorySize(spec).bytes() >> 20;
    return ApiRequest.put(
        "/machine-config",
        Map.of("vcpu_count", spec.cpus(), "mem_size_mib", mebibytes, "smt", false));
  }

  private ApiRequest boot() {
    return ApiRequest.put(
        "/boot-source",
        Map.of(
            "kernel_image_path",
            surroundings.of(spec.kernel()),
            "initrd_path",
            surroundings.of(spec.initramfs()),
            "boot_args",
            commandLine(spec)));
  }

  /** They replace all of Firecracker's own; it adds {@code pci=off} itself where that holds. */
  static String commandLine(VmmSpec spec) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "console=ttyS0",
                "quiet",
                "reboot=k",
                "panic=-1",
                "i8042.noaux",
                "i8042.nomux",
                "i8042.nopnp",
                "i8042.dumbkbd",
                "swiotlb=noforce",
                "cryptomgr.notests",
                "random.trust_cpu=on",
                "8250.nr_uarts=1",
                "banger.channel=vsock",
                "banger.vmm=firecracker"));
    arguments.addAll(spec.kernelArguments());
    return String.join(" ", arguments);
  }

  static String driveId(int index) {
    return "disk" + index;
  }

  static String cardId(int index) {
    return "net" + index;
  }

  /** What the guest wants flushed is flushed where the disk is the VM's own. */
  private ApiRequest drive(int index, Drive drive) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("drive_id", driveId(index));
    fields.put("is_root_device", false);
    fields.put("path_on_host", surroundings.of(drive.file()));
    fields.put("is_read_only", drive.readOnly());
    fields.put("cache_type", drive.readOnly() ? "Unsafe" : "Writeback");
    drive.rate().ifPresent(rate -> fields.put("rate_limiter", limiter(Optional.of(rate))));
    return ApiRequest.put("/drives/" + driveId(index), fields);
  }

  private static ApiRequest card(int index, Nic nic) {
    if (!(nic.link() instanceof Nic.Tap tap)) {
      throw new IllegalArgumentException("preflight refuses " + nic);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("iface_id", cardId(index));
    fields.put("host_dev_name", tap.name());
    fields.put("guest_mac", nic.mac());
    nic.rate()
        .ifPresent(rate -> {
          fields.put("rx_rate_limiter", limiter(Optional.of(rate)));
          fields.put("tx_rate_limiter", limiter(Optional.of(rate)));
        });
    return ApiRequest.put("/network-interfaces/" + cardId(index), fields);
  }

  /** Empty at first; what the guest frees goes back to the host where the release can do that. */
  private ApiRequest balloon() {
    ApiRequest request =
        ApiRequest.put(
            "/balloon",
            Map.of("amount_mib", 0, "deflate_on_oom", true, "stats_polling_interval_s", 0));
    return version.reportsFreePages() ? request.with("free_page_reporting", true) : request;
  }

  /**
   * A token bucket of a tenth of a second; a bucket of no size has no limit.
   *
   * @param rate bytes a second; empty: no limit
   */
  static Map<String, Object> limiter(Optional<ByteSize> rate) {
    long size = rate.map(r -> Math.max(1, r.bytes() * REFILL_MILLIS / 1000)).orElse(0L);
    return Map.of(
        "bandwidth", Map.of("size", size, "refill_time", rate.isPresent() ? REFILL_MILLIS : 0));
  }

  /** The request that gives a disk another rate while the VM runs. */
  static ApiRequest driveRate(int index, Optional<ByteSize> rate) {
    return ApiRequest.patch(
        "/drives/" + driveId(index),
        Map.of("drive_id", driveId(index), "rate_limiter", limiter(rate)));
  }

  /** The request that gives a card another rate, each way, while the VM runs. */
  static ApiRequest cardRate(int index, Optional<ByteSize> rate) {
    return ApiRequest.patch(
        "/network-interfaces/" + cardId(index),
        Map.of(
            "iface_id",
            cardId(index),
            "rx_rate_limiter",
            limiter(rate),
            "tx_rate_limiter",
            limiter(rate)));
  }

  /** The request that makes Firecracker look at a disk's size anew. */
  static ApiRequest driveResized(int index, String path) {
    return ApiRequest.patch(
        "/drives/" + driveId(index), Map.of("drive_id", driveId(index), "path_on_host", path));
  }

  /** As Firecracker will name this file. */
  String pathOf(Path file) {
    return surroundings.of(file);
  }
}
