package dev.banger.privileged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real bus, and on it somebody who is called as systemd-resolved is. */
class SystemdResolvedTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String NAME = "org.freedesktop.resolve1";

  @TempDir Path directory;
  private Process daemon;
  private String address = "";
  private final AtomicInteger news = new AtomicInteger();

  /** Writes down what it is told. */
  public static final class Recorder implements ResolveManager {
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void setLinkDns(int link, List<Server> servers) {
      calls.add(
          link + " dns " + servers.stream().map(s -> s.family + "/" + s.address.size()).toList());
    }

    @Override
    public void setLinkDomains(int link, List<Domain> domains) {
      calls.add(
          link
              + " domains "
              + domains.stream().map(d -> (d.routingOnly ? "~" : "") + d.name).toList());
    }

    @Override
    public void setLinkDefaultRoute(int link, boolean enable) {
      calls.add(link + " default " + enable);
    }

    @Override
    public void setLinkLlmnr(int link, String mode) {
      calls.add(link + " llmnr " + mode);
    }

    @Override
    public void setLinkMulticastDns(int link, String mode) {
      calls.add(link + " mdns " + mode);
    }

    @Override
    public void setLinkDnsOverTls(int link, String mode) {
      calls.add(link + " tls " + mode);
    }

    @Override
    public void setLinkDnssec(int link, String mode) {
      calls.add(link + " dnssec " + mode);
    }

    @Override
    public void revertLink(int link) {
      calls.add(link + " revert");
    }

    @Override
    public String getObjectPath() {
      return "/org/freedesktop/resolve1";
    }
  }

  @BeforeEach
  void aBus() throws Exception {
    Path socket = directory.resolve("bus");
    Path configuration =
        Files.writeString(
            directory.resolve("bus.conf"),
            """
            <busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow send_destination="*" eavesdrop="true"/>
            <allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
            """
                .formatted(socket));
    daemon =
        new ProcessBuilder(
                "dbus-daemon", "--nofork", "--nopidfile", "--config-file=" + configuration)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    await().atMost(LIMIT).until(() -> Files.exists(socket));
    address = "unix:path=" + socket;
  }

  @AfterEach
  void noBus() throws Exception {
    daemon.destroyForcibly();
    assertThat(daemon.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private HostResolver open() throws BangerException {
    return SystemdResolved.open(address, news::incrementAndGet);
  }

  private DBusConnection resolved(Recorder recorder) throws Exception {
    DBusConnection bus = DBusConnectionBuilder.forAddress(address).withShared(false).build();
    bus.exportObject("/org/freedesktop/resolve1", recorder);
    bus.requestBusName(NAME);
    return bus;
  }

  @Test
  void aRouteTakesOtherNamesAwayBeforeItNamesTheServers() throws Exception {
    Recorder recorder = new Recorder();
    DBusConnection bus = resolved(recorder);
    try (HostResolver resolver = open()) {
      assertThat(resolver.isRunning()).isTrue();
      resolver.route(
          "lo",
          List.of(InetAddress.ofLiteral("10.87.0.1"), InetAddress.ofLiteral("fd00::1")),
          "vm");
      assertThat(recorder.calls)
          .containsExactly(
              "1 default false",
              "1 llmnr no",
              "1 mdns no",
              "1 tls no",
              "1 dnssec no",
              "1 domains [~vm]",
              "1 dns [2/4, 10/16]");
      resolver.revert("lo");
      assertThat(recorder.calls).endsWith("1 revert");
      resolver.revert("nosuchlink");
      assertThat(recorder.calls).hasSize(8);
    } finally {
      bus.disconnect();
    }
  }

  @Test
  void aResolverThatBeginsIsNews() throws Exception {
    try (HostResolver resolver = open()) {
      assertThat(resolver.isRunning()).isFalse();
      DBusConnection bus = resolved(new Recorder());
      await().atMost(LIMIT).until(() -> news.get() == 1);
      assertThat(resolver.isRunning()).isTrue();
      bus.disconnect();
      await().atMost(LIMIT).until(() -> !resolver.isRunning());
      resolver.revert("lo"); // nobody is started for it
      assertThat(resolver.isRunning()).isFalse();
      assertThat(news).hasValue(1);
    }
  }

  @Test
  void aBusThatEndsIsNewsAndNoConnection() throws Exception {
    try (HostResolver resolver = open()) {
      assertThat(resolver.isConnected()).isTrue();
      daemon.destroyForcibly();
      await().atMost(LIMIT).until(() -> !resolver.isConnected() && news.get() > 0);
    }
  }

  @Test
  void withoutABusTheErrorSaysWhere() {
    assertThatThrownBy(() -> SystemdResolved.open("unix:path=" + directory + "/none", () -> {}))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining(directory + "/none");
  }
}
