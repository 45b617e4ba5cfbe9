package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import org.aesh.command.option.Arguments;
import org.jspecify.annotations.Nullable;

/** The same for each VM named; a failure does not keep it from the others. */
abstract class EachVm extends ClientCommand {
  @Arguments(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  @Nullable List<String> vms;

  /** Checked before anything is done. */
  void check() throws UsageException {}

  /** The VM afterwards; null when it is no more. */
  abstract VmApi.@Nullable View apply(Client client, String vm) throws BangerException;

  @Override
  final int run() throws BangerException, UsageException, InterruptedException {
    check();
    int status = 0;
    List<VmApi.View> views = new ArrayList<>();
    try (Client client = connect()) {
      for (String vm : vms == null ? List.<String>of() : vms) {
        try {
          VmApi.View view = apply(client, vm);
          if (view != null) {
            views.add(view);
          }
          if (!json) {
            System.out.println(view == null ? vm : view.name());
          }
        } catch (BangerException e) {
          Failures.print(e, json);
          status = Failures.status(e.code().name());
        }
      }
    }
    if (json) {
      printJson(new VmApi.Views(views));
    }
    return status;
  }
}
