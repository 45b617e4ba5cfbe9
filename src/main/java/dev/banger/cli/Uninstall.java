package dev.banger.cli;

import dev.banger.api.UninstallApi;
import dev.banger.api.VmApi;
import dev.banger.doctor.HostTraces;
import dev.banger.doctor.Repairs;
import dev.banger.doctor.SshInclude;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "uninstall",
    description =
        "Take off this host what banger put there: its daemon, networks, filters, settings and"
            + " runtime files; with --purge all images, kernels and VMs, too",
    generateHelp = true)
final class Uninstall extends ClientCommand {
  @Option(shortName = 'f', hasValue = false, description = "Also when VMs run: they are DELETED")
  boolean force;

  @Option(
      hasValue = false,
      description = "Remove images, kernels, VMs with their disks, settings and caches, too")
  boolean purge;

  @Option(shortName = 'y', hasValue = false, description = "Ask nothing")
  boolean yes;

  private final List<String> removed = new ArrayList<>();

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    Directories directories = directories();
    InstalledFiles files = new InstalledFiles(directories);
    if (files.isThere()) {
      if (purge && !files.kept().isEmpty() && !new Question(yes).ask(purging(files))) {
        throw refused();
      }
      endDaemon(directories);
      for (String undone : Repairs.of(directories).undo()) {
        removed.add("doctor's repair: " + undone);
      }
      removed.addAll(HostTraces.remove(directories));
      SshInclude include = SshInclude.of(System.getenv(), directories);
      if (include.remove()) {
        removed.add("banger's lines in " + include.file());
      }
      removed.addAll(files.remove(purge));
    }
    List<String> failures = new ArrayList<>(files.failures());
    failures.addAll(HostTraces.left(directories));
    if (!failures.isEmpty()) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "not all could be removed: " + String.join("; ", failures),
          "mend that, perhaps as root, and run `banger uninstall` again");
    }
    tell(files.kept());
    return 0;
  }

  private static String purging(InstalledFiles files) {
    return "This deletes, for good: " + String.join(", ", files.kept());
  }

  private static BangerException refused() {
    return new BangerException(ErrorCode.CANCELLED, "nothing was removed, as you said", "");
  }

  /** With its VMs. One that died may have left VMs: the next one knows them. */
  private void endDaemon(Directories directories)
      throws BangerException, UsageException, InterruptedException {
    Client client = Client.connectIfRunning(directories);
    if (client == null && hasMachines(directories)) {
      client = connect();
    }
    if (client == null) {
      return;
    }
    try (Client daemon = client) {
      endMachines(daemon);
      DaemonStop.stop(daemon);
      removed.add("the daemon");
    }
  }

  private static boolean hasMachines(Directories directories) {
    Path runs = directories.vmRuns();
    if (!Files.isDirectory(runs)) {
      return false;
    }
    try (Stream<Path> machines = Files.list(runs)) {
      return machines.findAny().isPresent();
    } catch (IOException e) {
      return true;
    }
  }

  private void endMachines(Client daemon) throws BangerException, UsageException {
    List<VmApi.View> running = daemon.call(VmApi.LIST, new VmApi.Filter(false)).vms();
    if (running.isEmpty()) {
      return;
    }
    String names = String.join(", ", running.stream().map(VmApi.View::name).toList());
    if (!force) {
      throw new BangerException(
          ErrorCode.IN_USE,
          "cannot uninstall banger: VMs run: " + names,
          "`banger vm stop` stops them and keeps their disks; `banger uninstall --force` deletes"
              + " them");
    }
    if (!new Question(yes).ask("VMs run, and are deleted with their disks: " + names)) {
      throw refused();
    }
    for (VmApi.View vm : running) {
      try {
        daemon.call(VmApi.DELETE, new VmApi.Delete(vm.id(), true));
      } catch (BangerException e) {
        if (e.code() != ErrorCode.NOT_FOUND) { // else it has just ended by itself
          throw e;
        }
      }
      removed.add("VM " + vm.name());
    }
  }

  private void tell(List<String> left) {
    if (json) {
      printJson(new UninstallApi.Result(removed, left));
      return;
    }
    if (removed.isEmpty()) {
      System.out.println("nothing of banger is on this host any more, but what is listed here");
    }
    removed.forEach(what -> System.out.println("removed  " + what));
    left.forEach(what -> System.out.println("left     " + what));
    String launcher = System.getProperty("banger.launcher");
    if (launcher != null) {
      System.out.println("left     " + launcher + " (the program: delete its directory yourself)");
    }
    if (!purge && !left.isEmpty()) {
      System.out.println("`banger uninstall --purge` removes all of it but the program");
    }
  }
}
