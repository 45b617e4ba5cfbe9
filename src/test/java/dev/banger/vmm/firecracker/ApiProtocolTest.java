package dev.banger.vmm.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import dev.banger.vmm.VmmSpec;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every request that is ever sent, against a server that knows Firecracker's rules. */
@Timeout(60)
final class ApiProtocolTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final byte[] MAC = HexFormat.of().parseHex("0a0102030405");

  @TempDir private Path directory;
  private FirecrackerApiServer server;
  private FakeMachine machine;

  @BeforeEach
  void serve() throws Exception {
    serve(17);
  }

  private void serve(int release) throws Exception {
    if (server != null) {
      server.close();
      Files.deleteIfExists(directory.resolve("vmm.sock"));
    }
    machine = new FakeMachine(release, Path.of("/"));
    server = new FirecrackerApiServer(directory.resolve("vmm.sock"), machine);
  }

  @AfterEach
  void everyRequestCameAlone() throws Exception {
    server.close();
    assertThat(server.overlaps()).isZero();
  }

  private ApiClient client() {
    return new ApiClient(directory.resolve("vmm.sock"), LIMIT);
  }

  private Path file(String name) throws Exception {
    Path file = directory.resolve(name);
    return Files.exists(file) ? file : Files.write(file, new byte[4096]);
  }

  private VmmSpec spec(List<Nic> nics) throws Exception {
    return new VmmSpec(
        new VmId("0123456789ab"),
        directory,
        directory,
        2,
        ByteSize.mib(512),
        file("kernel"),
        file("initramfs"),
        List.of("banger.test=yes"),
        List.of(
            Drive.readOnly(file("base")),
            Drive.writable(file("own")).withRate(Optional.of(ByteSize.mib(10)))),
        nics,
        Accelerator.KVM,
        Optional.empty());
  }

  private MachineSetup setup(int release, List<Nic> nics) throws Exception {
    VmmSpec spec = spec(nics);
    return new MachineSetup(
        spec, new FirecrackerVersion(1, release, 0), new Surroundings.Bare(spec.files()));
  }

  private static List<Nic> nics() {
    return List.of(Nic.tap(MAC, "tap0").withRate(Optional.of(ByteSize.mib(1))));
  }

  private void sendAll(MachineSetup setup) throws Exception {
    for (ApiRequest request : setup.requests()) {
      assertThat(client().send(request).status()).isEqualTo(204);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 14, 15, 16, 17})
  void everyReleaseAcceptsAllThatItIsSent(int release) throws Exception {
    serve(release);
    sendAll(setup(release, nics()));
    assertThat(machine.state()).isEqualTo("Running");
    assertThat(machine.order().getLast()).isEqualTo("PUT /actions");
    assertThat(machine.device("/balloon").containsKey("free_page_reporting"))
        .isEqualTo(release >= 14);
  }

  @Test
  void theMachineIsTheOneThatWasAskedFor() throws Exception {
    sendAll(setup(17, nics()));
    assertThat(machine.device("/machine-config"))
        .containsEntry("vcpu_count", 2L)
        .containsEntry("mem_size_mib", 512L);
    assertThat(machine.order())
        .containsSubsequence(
            "PUT /boot-source", "PUT /drives/disk0", "PUT /drives/disk1", "PUT /actions");
    assertThat(machine.device("/drives/disk0"))
        .containsEntry("is_root_device", false)
        .containsEntry("is_read_only", true)
        .containsEntry("cache_type", "Unsafe")
        .doesNotContainKey("rate_limiter");
    assertThat(machine.device("/drives/disk1"))
        .containsEntry("cache_type", "Writeback")
        .containsEntry(
            "rate_limiter", Map.of("bandwidth", Map.of("size", 1_048_576L, "refill_time", 100L)));
    assertThat(machine.device("/network-interfaces/net0"))
        .containsEntry("guest_mac", "0a:01:02:03:04:05")
        .containsKeys("rx_rate_limiter", "tx_rate_limiter");
    assertThat(String.valueOf(machine.device("/boot-source").get("boot_args")))
        .contains("banger.channel=vsock banger.vmm=firecracker banger.test=yes", "reboot=k")
        .doesNotContain("pci=off", "nomodule");
  }

  @Test
  void whatIsAskedOfARunningMachineIsAccepted() throws Exception {
    MachineSetup setup = setup(17, nics());
    sendAll(setup);
    List<ApiRequest> later =
        List.of(
            ApiRequest.get("/"),
            ApiRequest.get("/vm/config"),
            ApiRequest.patch("/vm", Map.of("state", "Paused")),
            ApiRequest.patch("/vm", Map.of("state", "Resumed")),
            ApiRequest.patch("/balloon", Map.of("amount_mib", 64)),
            ApiRequest.action("FlushMetrics"),
            ApiRequest.action("SendCtrlAltDel"),
            MachineSetup.driveResized(1, setup.pathOf(file("own"))),
            MachineSetup.driveRate(1, Optional.of(ByteSize.mib(5))),
            MachineSetup.driveRate(1, Optional.empty()),
            MachineSetup.cardRate(0, Optional.of(ByteSize.kib(100))),
            MachineSetup.cardRate(0, Optional.empty()));
    for (ApiRequest request : later) {
      assertThat(client().send(request).accepted()).isTrue();
    }
    assertThat(client().send(ApiRequest.get("/")).body()).containsEntry("state", "Running");
    assertThat(machine.device("/drives/disk1").get("rate_limiter"))
        .isEqualTo(Map.of("bandwidth", Map.of("size", 0L, "refill_time", 0L)));
  }

  @Test
  void aFieldThatAReleaseDoesNotKnowIsRefusedWithItsName() throws Exception {
    serve(13);
    assertRefused(
        ApiRequest.put(
            "/balloon",
            Map.of("amount_mib", 0, "deflate_on_oom", true, "free_page_reporting", true)),
        ErrorCode.VMM_FAILED,
        "unknown field `free_page_reporting`");
  }

  @Test
  void aRefusalIsToldInFirecrackersWordsWithACure() throws Exception {
    assertRefused(
        ApiRequest.put("/boot-source", Map.of("kernel_image_path", "/nowhere")),
        ErrorCode.VMM_FAILED,
        "Firecracker refused PUT /boot-source: The kernel file cannot be opened");
    assertRefused(
        ApiRequest.put(
            "/network-interfaces/net0",
            Map.of("iface_id", "net0", "host_dev_name", "busy0", "guest_mac", "0a:00:00:00:00:01")),
        ErrorCode.IN_USE,
        "Resource busy (os error 16)");
    assertRefused(ApiRequest.get("/balloon"), ErrorCode.VMM_FAILED, "Device not configured");
  }

  private void assertRefused(ApiRequest request, ErrorCode code, String words) {
    assertThatThrownBy(() -> client().send(request))
        .hasMessageContaining(words)
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.hint()).isNotEmpty();
            });
  }

  @Test
  void theServerKnowsTheRules() throws Exception {
    for (ApiRequest wrong :
        List.of(
            ApiRequest.patch("/vm", Map.of("state", "Paused")),
            ApiRequest.put("/machine-config", Map.of("vcpu_count", 1)),
            ApiRequest.put("/machine-config", Map.of("vcpu_count", 33, "mem_size_mib", 128)),
            ApiRequest.put("/machine-config", Map.of("vcpu_count", "1", "mem_size_mib", 128)),
            ApiRequest.put("/drives/a-b", Map.of("drive_id", "a-b", "is_root_device", false)),
            ApiRequest.put("/drives/a", Map.of("drive_id", "b", "is_root_device", false)),
            ApiRequest.put("/vsock", Map.of("guest_cid", 2, "uds_path", "/tmp/never-made")),
            ApiRequest.put("/nothing", Map.of()),
            ApiRequest.action("InstanceStart"),
            ApiRequest.action("PowerOff"))) {
      assertThatThrownBy(() -> client().send(wrong)).isInstanceOf(BangerException.class);
    }
    assertThat(machine.order()).isEmpty();
  }

  @Test
  void requestsOfManyThreadsWaitForTheirTurn() throws Exception {
    sendAll(setup(17, nics()));
    ApiClient client = client();
    CountDownLatch answered = new CountDownLatch(20);
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(
          Thread.startVirtualThread(() -> {
            try {
              client.send(ApiRequest.get("/"));
              answered.countDown();
            } catch (BangerException | InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }));
    }
    for (Thread thread : all) {
      thread.join();
    }
    assertThat(answered.getCount()).isZero();
  }

  @Test
  void aServerThatIsGoneOrSilentIsAnErrorInTime() throws Exception {
    server.close();
    assertThatThrownBy(() -> client().send(ApiRequest.get("/")))
        .hasMessageContaining("cannot send GET / to Firecracker");
    Path silent = directory.resolve("silent");
    try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(silent));
      assertThatThrownBy(
              () -> new ApiClient(silent, Duration.ofMillis(200)).send(ApiRequest.get("/")))
          .hasMessageContaining("did not answer GET /");
    }
  }

  @Test
  void countersAreSummedUpAndValuesAreKept() throws Exception {
    try (MetricsStream metrics = new MetricsStream("test")) {
      metrics.take("{\"utc_timestamp_ms\":5,\"block\":{\"read_count\":2}}");
      metrics.take("no json");
      metrics.take("{\"utc_timestamp_ms\":9,\"block\":{\"read_count\":3}}");
      assertThat(metrics.counters())
          .containsEntry("utc_timestamp_ms", 9L)
          .containsEntry("block.read_count", 5L);
    }
  }

  @Test
  void releasesAreReadAndCompared() {
    FirecrackerVersion found = FirecrackerVersion.said("Firecracker v1.16.1\n\n").orElseThrow();
    assertThat(found).hasToString("1.16.1").isGreaterThan(new FirecrackerVersion(1, 9, 9));
    assertThat(FirecrackerVersion.said("QEMU emulator version 7.2")).isEmpty();
    assertThat(new FirecrackerVersion(1, 12, 1).supported()).isFalse();
  }
}
