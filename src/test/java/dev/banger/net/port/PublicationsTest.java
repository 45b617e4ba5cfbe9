package dev.banger.net.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.store.Database;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationsTest {
  private static final VmId WEB = new VmId("0123456789ab");
  private static final VmId OTHER = new VmId("0123456789ac");

  @TempDir Path dir;
  private Database database;
  private VmTable vms;
  private Publications publications;
  private Forwarder forwarder;

  @BeforeEach
  void open() throws Exception {
    reopen();
    assertThat(vms.insert(row(WEB, "web", 1))).isTrue();
    assertThat(vms.insert(row(OTHER, "other", 2))).isTrue();
  }

  private void reopen() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    vms = new VmTable(database);
    publications = Publications.open(new PublicationTable(database), vms);
    forwarder = new Forwarder(publications);
  }

  @AfterEach
  void close() {
    forwarder.close();
    database.close();
  }

  private static VmRow row(VmId id, String name, long uid) {
    return new VmRow(
        id,
        new VmName(name),
        VmRow.Life.begun(Instant.ofEpochMilli(1_000)),
        new VmRow.Source("debian:bookworm", "", ""),
        new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of(),
        "root",
        uid,
        Map.of());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private List<PublicationRow> claim(VmId vm, String... specs) throws BangerException {
    return publications.claim(vm, PortSpec.parse(List.of(specs)));
  }

  @Test
  void whatIsClaimedIsThereAfterAReopeningAndGoesWithItsVm() throws Exception {
    List<PublicationRow> rows = claim(WEB, "80", "[::1]:0:53/udp", freePort() + ":443");
    assertThat(rows).hasSize(3).allMatch(row -> row.port() > 1023);
    String address = publications.address(WEB);
    close();
    reopen();
    assertThat(publications.of(WEB)).containsExactlyInAnyOrderElementsOf(rows);
    assertThat(publications.address(WEB)).isEqualTo(address);
    vms.delete(WEB);
    close();
    reopen();
    assertThat(publications.of(WEB)).isEmpty();
  }

  @Test
  void aPortThatAnotherVmHasIsRefusedWithItsNameAndNothingIsTaken() throws Exception {
    int port = freePort();
    claim(WEB, port + ":80");
    for (String taken : List.of(port + ":81", "0.0.0.0:" + port + ":81", "[::]:" + port + ":81")) {
      assertThatThrownBy(() -> claim(OTHER, "90", taken))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
          .hasMessageContaining("web has it");
    }
    assertThat(publications.of(OTHER)).isEmpty();
    assertThat(claim(OTHER, port + ":80/udp", "[::1]:" + port + ":80")).hasSize(2);
  }

  @Test
  void aPortThatAProcessHasIsRefusedWithItsName() throws Exception {
    int port = freePort();
    Process socat =
        new ProcessBuilder("socat", "TCP-LISTEN:" + port + ",bind=127.0.0.1,fork", "EXEC:true")
            .start();
    try {
      awaitListening(port);
      assertThatThrownBy(() -> publications.check(PortSpec.parse(List.of(port + ":80"))))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
          .hasMessageContaining("socat (pid " + socat.pid() + ") listens there");
    } finally {
      socat.destroy();
      socat.waitFor();
    }
  }

  private static void awaitListening(int port) throws Exception {
    long until = System.nanoTime() + 10_000_000_000L;
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        assertThat(socket.isConnected()).isTrue();
        return;
      } catch (IOException e) {
        assertThat(System.nanoTime()).as("socat listens").isLessThan(until);
        Thread.sleep(20); // it is just starting
      }
    }
  }

  @Test
  void anAddressThatTheHostDoesNotHaveIsRefused() throws Exception {
    assertThatThrownBy(() -> claim(WEB, "192.0.2.1:8080:80"))
        .hasMessageContaining("does not have that address");
    assertThatThrownBy(() -> claim(WEB, "8080:80", "0.0.0.0:8080:81"))
        .hasMessageContaining("twice");
  }

  @Test
  void whatIsReleasedIsFree() throws Exception {
    int port = freePort();
    claim(WEB, port + ":80", "90");
    List<PublicationRow> found =
        publications.find(WEB, PortSpec.parse(List.of(Integer.toString(port))));
    publications.release(WEB, found);
    assertThat(publications.of(WEB)).hasSize(1);
    claim(OTHER, port + ":80");
    assertThatThrownBy(() -> publications.find(WEB, PortSpec.parse(List.of("80"))))
        .hasMessageContaining("web publishes no");
    publications.release(WEB);
    assertThat(publications.of(WEB)).isEmpty();
  }

  @Test
  void everyVmHasAnAddressOfItsOwnOutsideOfWhatOthersUse() throws Exception {
    VmId first = new VmId("ff00ff000000");
    VmId twin = new VmId("ff00ff000001"); // the same bytes decide
    vms.insert(row(first, "first", 3));
    vms.insert(row(twin, "twin", 4));
    assertThat(publications.address(first)).isNotEqualTo(publications.address(twin));
    Set<String> all = new HashSet<>();
    for (int i = 0; i < 256; i++) {
      VmId id = new VmId("%02x0000000000".formatted(i));
      LoopbackAddresses.candidates(id).stream().limit(3).forEach(all::add);
    }
    assertThat(all)
        .allMatch(address -> address.matches("127\\.[1-9]\\d*\\.\\d+\\.[1-9]\\d*"))
        .allMatch(address -> Addresses.parse(address).isPresent())
        .noneMatch(address -> address.endsWith(".255"));
  }

  @Test
  void aRunningVmAnswersOnItsPortsAndOnItsOwnAddress() throws Exception {
    int port = freePort();
    int guestPort = freePort();
    claim(WEB, port + ":" + guestPort);
    try (FakeGuest guest = new FakeGuest()) {
      forwarder.open(WEB, "web", Forwarder.Taken.REFUSED);
      forwarder.serve(WEB, "web", guest);
      greet(guest, InetAddress.getLoopbackAddress(), port);
      greet(guest, InetAddress.getByName(publications.address(WEB)), guestPort);

      List<PublicationRow> more = claim(WEB, "0.0.0.0:0:" + guestPort);
      forwarder.add(WEB, "web", more);
      greet(guest, InetAddress.getLoopbackAddress(), more.getFirst().port());
      forwarder.remove(WEB, more);
      assertThatThrownBy(
              () -> new Socket(InetAddress.getLoopbackAddress(), more.getFirst().port()).close())
          .isInstanceOf(IOException.class);
      greet(guest, InetAddress.getByName(publications.address(WEB)), guestPort);

      forwarder.close(WEB);
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
          .isInstanceOf(IOException.class);
      assertThat(forwarder.state(WEB)).isEmpty();
    }
  }

  private static void greet(FakeGuest guest, InetAddress address, int port) throws Exception {
    try (Socket client = new Socket(address, port);
        Socket inside = guest.next()) {
      client.setSoTimeout(10_000);
      inside.getOutputStream().write(7);
      assertThat(client.getInputStream().read()).isEqualTo(7);
    }
  }

  @Test
  void aPortTakenMeanwhileRefusesTheStartOrIsTriedAgain() throws Exception {
    int port = freePort();
    claim(WEB, port + ":80", "81");
    int chosen = publications.of(WEB).get(1).port();
    try (FakeGuest guest = new FakeGuest()) {
      try (ServerSocket intruder = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
          ServerSocket other = new ServerSocket(chosen, 1, InetAddress.getLoopbackAddress())) {
        assertThat(intruder.isBound() && other.isBound()).isTrue();
        assertThatThrownBy(() -> forwarder.open(WEB, "web", Forwarder.Taken.REFUSED))
            .hasMessageContaining("listens there");
        assertThat(forwarder.state(WEB)).isEmpty();
        forwarder.open(WEB, "web", Forwarder.Taken.LATER);
        forwarder.serve(WEB, "web", guest);
        assertThat(publications.of(WEB).get(1).port()).isNotEqualTo(chosen);
        greet(guest, InetAddress.getLoopbackAddress(), publications.of(WEB).get(1).port());
        assertThat(forwarder.state(WEB))
            .anyMatch(one -> one.guestPort() == 80 && !one.open() && !one.own());
      }
      long until = System.nanoTime() + 20_000_000_000L;
      while (forwarder.state(WEB).stream().anyMatch(one -> !one.open() && !one.own())) {
        assertThat(System.nanoTime()).as("the port is taken once it is free").isLessThan(until);
        Thread.sleep(50); // polling, with a limit
      }
      greet(guest, InetAddress.getLoopbackAddress(), port);
    }
  }
}
