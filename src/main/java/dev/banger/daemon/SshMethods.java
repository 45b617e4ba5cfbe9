package dev.banger.daemon;

import dev.banger.api.SshApi;
import dev.banger.api.VmApi;
import dev.banger.capability.Authorization;
import dev.banger.config.Config;
import dev.banger.guest.Guest;
import dev.banger.guest.ssh.ClientFiles;
import dev.banger.guest.ssh.GuestServer;
import dev.banger.guest.ssh.SshEndpoint;
import dev.banger.guest.ssh.SshKeys;
import dev.banger.guest.ssh.SshTarget;
import dev.banger.image.ImageDefaults;
import dev.banger.image.Images;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
import dev.banger.store.VmRow;
import dev.banger.vm.VmView;
import dev.banger.vm.Vms;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Connections of SSH clients, and what these read. */
final class SshMethods {
  private static final List<String> SUFFIXES = List.of(".direct.vm", ".vm");

  /** Who answers a client. */
  @FunctionalInterface
  private interface Server {
    void serve(InputStream client, OutputStream toClient)
        throws BangerException, InterruptedException, IOException;
  }

  private final Vms vms;
  private final Images images;
  private final SshKeys keys;
  private final SshEndpoint endpoint;
  private final ClientFiles files;
  private final Authorization authorization;
  private final Path config;

  SshMethods(DaemonParts parts) {
    this.vms = parts.vms();
    this.images = parts.images();
    this.endpoint = parts.ssh();
    this.keys = endpoint.keys();
    this.authorization = parts.authorization();
    this.config = parts.directories().config().resolve("config.toml");
    this.files = new ClientFiles(keys, launcher(parts.directories()));
  }

  void addTo(Methods methods) {
    StreamMethods.add(methods, SshApi.CONNECT, (_, wish) -> connect(wish));
    VmMethods.add(methods, SshApi.FILES, (_, _) -> files());
    VmMethods.add(methods, SshApi.ROTATE, (_, _) -> rotate());
    VmMethods.add(methods, SshApi.SYNC, (_, wish) -> sync(wish));
  }

  /** The words that run a client of this very daemon. */
  private static List<String> launcher(Directories directories) {
    List<String> words = new ArrayList<>();
    String launcher = System.getProperty("banger.launcher");
    if (launcher != null) {
      words.add(launcher);
    } else {
      words.addAll(
          List.of(
              System.getProperty("java.home") + "/bin/java",
              "-cp",
              System.getProperty("java.class.path"),
              "dev.banger.Main"));
    }
    if (directories.config().equals(directories.data())) {
      words.addAll(List.of("ssh-proxy", "--data-dir", directories.data().toString()));
    } else {
      words.add("ssh-proxy");
    }
    return words;
  }

  private SshApi.Files files() throws BangerException {
    files.write();
    return new SshApi.Files(
        files.config().toString(), files.knownHosts().toString(), keys.client().file().toString());
  }

  private Upgrade<SshApi.Connected> connect(SshApi.Connect wish)
      throws BangerException, InterruptedException {
    VmRow row = find(wish.vm());
    Guest guest = vms.guest(row);
    SshApi.Connected connected = new SshApi.Connected(row.id().value(), row.name().value());
    if (wish.port() != null) {
      GuestServer server =
          GuestServer.dial(guest, row.name().value(), wish.port(), GuestServer.PATIENCE);
      return new Upgrade<>(connected, session -> serve(session, server::join));
    }
    SshTarget target = target(row, guest);
    return new Upgrade<>(
        connected, session -> serve(session, (in, out) -> endpoint.serve(target, in, out)));
  }

  /** A VM may be named as a host is. */
  private VmRow find(String host) throws BangerException {
    try {
      return vms.find(host);
    } catch (BangerException e) {
      for (String suffix : SUFFIXES) {
        if (e.code() == ErrorCode.NOT_FOUND && host.endsWith(suffix)) {
          return vms.find(host.substring(0, host.length() - suffix.length()));
        }
      }
      throw e;
    }
  }

  private SshTarget target(VmRow row, Guest guest) throws BangerException {
    ImageDefaults defaults = images.byId(row.source().imageId()).defaults();
    Map<String, String> environment = new LinkedHashMap<>();
    for (String variable : defaults.environment()) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        environment.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    return new SshTarget(
        row.id(),
        row.name().value(),
        guest,
        defaults.user(),
        environment,
        authorization.agentKeys(row.name().value()));
  }

  /** VMs that cannot be told now get the new key when they start. */
  private SshApi.AllSynced rotate() throws BangerException, InterruptedException {
    keys.rotate();
    files.write();
    images.seeds().refresh(keys.client().fingerprint());
    List<SshApi.Synced> told = new ArrayList<>();
    for (VmView vm : vms.list()) {
      if (vms.isAnswering(vm.row().id())) {
        told.add(rotated(vm.row()));
      }
    }
    return new SshApi.AllSynced(told);
  }

  private SshApi.Synced rotated(VmRow row) throws InterruptedException {
    List<String> warnings;
    try {
      warnings = authorization.sync(vms.guest(row));
    } catch (BangerException e) {
      warnings = List.of("has the old key until it starts again: " + e.getMessage());
    }
    return new SshApi.Synced(row.id().value(), row.name().value(), warnings);
  }

  /** By what config.toml says now, which from then on holds for VMs that start, too. */
  private SshApi.Synced sync(VmApi.Ref wish) throws BangerException, InterruptedException {
    VmRow row = vms.find(wish.vm());
    Guest guest = vms.guest(row);
    authorization.change(Config.read(config).authorization());
    return new SshApi.Synced(row.id().value(), row.name().value(), authorization.sync(guest));
  }

  private static void serve(YamuxSession session, Server server)
      throws BangerException, InterruptedException, IOException {
    try (YamuxStream stream = session.accept()) {
      session.onClosed(_ -> stream.reset());
      server.serve(stream.input(), stream.output());
    }
  }
}
