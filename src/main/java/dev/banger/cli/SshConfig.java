package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.SshApi;
import dev.banger.doctor.SshInclude;
import dev.banger.model.BangerException;
import java.nio.file.Path;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "ssh-config",
    description = "Let plain `ssh NAME.vm`, scp, rsync, git and editors reach VMs",
    generateHelp = true)
final class SshConfig extends ClientCommand {
  @Option(hasValue = false, description = "Include banger's file in ~/.ssh/config")
  boolean install;

  @Option(hasValue = false, description = "Take that line out again")
  boolean uninstall;

  @Option(hasValue = false, description = "Make new keys; VMs that run are told")
  boolean rotate;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if ((install && uninstall) || (rotate && (install || uninstall))) {
      throw new UsageException(
          "--install, --uninstall and --rotate are three things", "name one of them");
    }
    if (rotate) {
      return rotateKeys();
    }
    SshInclude include = SshInclude.of(System.getenv(), directories());
    if (uninstall) {
      boolean removed = include.remove();
      tell(include, removed ? "removed from " : "not in ");
      return 0;
    }
    SshApi.Files files;
    try (Client client = connect()) {
      files = client.call(SshApi.FILES, new DaemonApi.Nothing());
    }
    if (install) {
      boolean added = include.install(Path.of(files.config()));
      tell(include, added ? "included in " : "already in ");
    } else if (json) {
      printJson(files);
    } else {
      System.out.println(include.block(Path.of(files.config())).strip());
    }
    return 0;
  }

  private int rotateKeys() throws BangerException, InterruptedException {
    SshApi.AllSynced told;
    try (Client client = connect()) {
      told = client.call(SshApi.ROTATE, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(told);
      return 0;
    }
    System.out.println("new keys; " + told.vms().size() + " running VMs have them");
    for (SshApi.Synced vm : told.vms()) {
      vm.warnings().forEach(warning -> System.err.println(vm.name() + ": " + warning));
    }
    return 0;
  }

  private void tell(SshInclude include, String what) {
    if (json) {
      printJson(new SshApi.Included(include.file().toString(), install));
    } else {
      System.out.println(what + include.file());
    }
  }
}
