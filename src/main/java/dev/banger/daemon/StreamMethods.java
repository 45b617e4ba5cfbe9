package dev.banger.daemon;

import dev.banger.api.Method;
import dev.banger.api.StreamApi;
import dev.banger.guest.FileStatus;
import dev.banger.guest.InitMode;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
import dev.banger.store.VmRow;
import dev.banger.vm.Vms;
import dev.banger.vmm.VmmFiles;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Copies and consoles: methods after whose reply the connection carries streams. */
final class StreamMethods {
  private static final Logger LOG = LoggerFactory.getLogger(StreamMethods.class);

  private final Vms vms;
  private final Directories directories;

  StreamMethods(Vms vms, Directories directories) {
    this.vms = vms;
    this.directories = directories;
  }

  void addTo(Methods methods) {
    add(methods, StreamApi.COPY, (_, wish) -> CopySession.begin(vms.guest(wish.vm()), wish));
    add(methods, StreamApi.CONSOLE, (_, wish) -> console(wish));
    VmMethods.add(methods, StreamApi.STAT, (_, wish) -> stat(wish));
  }

  static <P extends Record, R> void add(
      Methods methods, Method<P, R> method, Methods.InteractiveHandler<P, R> handler) {
    methods.addInteractive(method.name(), method.params(), method.result(), handler);
  }

  private Upgrade<StreamApi.Watching> console(StreamApi.Console wish)
      throws BangerException, InterruptedException {
    VmRow row = vms.find(wish.vm());
    VmmFiles files = new VmmFiles(row.id(), directories.vmRun(row.id()), directories.vm(row.id()));
    ConsoleSession console = ConsoleSession.open(files.line(), wish.view());
    try {
      return new Upgrade<>(
          new StreamApi.Watching(
              row.id().value(), row.name().value(), console.writes(), initMode(row)),
          console::serve);
    } catch (InterruptedException | RuntimeException e) {
      console.close();
      throw e;
    }
  }

  /** A guest that hangs can be watched all the same. */
  private @Nullable String initMode(VmRow row) throws InterruptedException {
    try {
      if (!vms.isAnswering(row.id())) {
        return null;
      }
      InitMode mode = vms.guest(row.id().value()).info().initMode();
      return mode == InitMode.AUTO ? null : mode.name().toLowerCase(Locale.ROOT);
    } catch (BangerException e) {
      LOG.debug("vm={} does not say its init mode", row.name(), e);
      return null;
    }
  }

  private StreamApi.FileStatus stat(StreamApi.Stat wish)
      throws BangerException, InterruptedException {
    FileStatus status = vms.guest(wish.vm()).stat(wish.path(), wish.followLink());
    return FileStatuses.view(status);
  }
}
