package dev.banger.daemon;

import dev.banger.api.OperationApi;
import dev.banger.api.VmmApi;
import dev.banger.image.release.ReleaseEntry;
import dev.banger.image.release.Releases;
import dev.banger.model.BangerException;
import dev.banger.ops.Operations;
import dev.banger.rpc.Methods;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code vmm.*}. */
final class VmmMethods {
  private static final String PULL = "vmm.pull";
  private static final String NAME = "firecracker";

  private final Operations operations;
  private final Releases releases;

  VmmMethods(DaemonParts parts) {
    this.operations = parts.operations();
    this.releases = parts.releases();
  }

  void addTo(Methods methods) {
    VmMethods.add(methods, VmmApi.LIST, (_, _) -> list());
    VmMethods.add(
        methods,
        VmmApi.PULL_BEGIN,
        (_, wish) ->
            new OperationApi.Begun(
                operations.begin(
                    PULL,
                    NAME,
                    Optional.empty(),
                    progress -> releases.pull(wish.version(), progress))));
  }

  private VmmApi.Views list() throws BangerException {
    List<VmmApi.View> views = new ArrayList<>();
    List<String> listed = new ArrayList<>();
    String problem = "";
    try {
      releases.known().stream().map(ReleaseEntry::version).forEach(listed::add);
    } catch (BangerException e) {
      problem = e.getMessage() + ": " + e.hint();
    }
    for (Releases.Release release : releases.installed()) {
      views.add(
          new VmmApi.View(
              NAME,
              release.version(),
              release.directory().toString(),
              listed.remove(release.version())));
    }
    listed.forEach(version -> views.add(new VmmApi.View(NAME, version, "", true)));
    return new VmmApi.Views(views, problem);
  }
}
