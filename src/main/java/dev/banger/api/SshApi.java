package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods about SSH: docs/ssh.md tells what they are for. */
public final class SshApi {
  private SshApi() {}

  /**
   * A connection of an SSH client.
   *
   * @param vm the VM, perhaps with .vm behind its name, or with .direct.vm when there is a port
   * @param port where an SSH server of the guest's own listens, on its loopback; null: the daemon's
   */
  @Json
  public record Connect(String vm, @Nullable Integer port) {}

  /** The VM it leads to. */
  @Json
  public record Connected(String vm, String name) {}

  /** Where the files of SSH clients are. */
  @Json
  public record Files(String config, String knownHosts, String identity) {}

  /** What {@code ssh-config --json} prints when it has changed a file, or need not. */
  @Json
  public record Included(String file, boolean included) {}

  /** The VM, and what its guest says: files that are kept as they are, and what failed. */
  @Json
  public record Synced(String vm, String name, List<String> warnings) {}

  /** All that were reached. */
  @Json
  public record AllSynced(List<Synced> vms) {}

  public static final Method<VmApi.Ref, Synced> SYNC =
      Method.call(
          "vm.sync", VmApi.Ref.class, Synced.class, "Bring keys, git identity and files to a VM");
  public static final Method<DaemonApi.Nothing, AllSynced> ROTATE =
      Method.call(
          "ssh.rotate",
          DaemonApi.Nothing.class,
          AllSynced.class,
          "Make new SSH keys, and bring them to VMs that run");
  public static final Method<Connect, Connected> CONNECT =
      Method.interactive(
          "vm.ssh", Connect.class, Connected.class, "Carry an SSH connection to a running VM");
  public static final Method<DaemonApi.Nothing, Files> FILES =
      Method.call(
          "ssh.files", DaemonApi.Nothing.class, Files.class, "Write the files of SSH clients");
}
