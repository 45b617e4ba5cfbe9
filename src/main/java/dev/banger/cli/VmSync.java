package dev.banger.cli;

import dev.banger.api.SshApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "sync",
    description =
        "Bring authorized keys, git identity and files of config.toml to VMs that run; all of them when none is named",
    generateHelp = true)
final class VmSync extends ClientCommand {
  @Arguments(paramLabel = "VM", description = "VM: name, id or its beginning")
  @Nullable List<String> vms;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    int status = 0;
    List<SshApi.Synced> done = new ArrayList<>();
    try (Client client = connect()) {
      for (String vm : wanted(client)) {
        try {
          SshApi.Synced synced = client.call(SshApi.SYNC, new VmApi.Ref(vm));
          done.add(synced);
          tell(synced);
        } catch (BangerException e) {
          Failures.print(e, json);
          status = Failures.status(e.code().name());
        }
      }
    }
    if (json) {
      printJson(new SshApi.AllSynced(done));
    }
    return status;
  }

  private List<String> wanted(Client client) throws BangerException {
    if (vms != null && !vms.isEmpty()) {
      return vms;
    }
    return client.call(VmApi.LIST, new VmApi.Filter(false)).vms().stream()
        .map(VmApi.View::id)
        .toList();
  }

  private void tell(SshApi.Synced synced) {
    if (json) {
      return;
    }
    System.out.println(synced.name());
    for (String warning : synced.warnings()) {
      System.err.println(synced.name() + ": " + warning);
    }
  }
}
