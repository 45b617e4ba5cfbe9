package dev.banger.daemon;

import dev.banger.api.Method;
import dev.banger.api.StreamApi;
import dev.banger.guest.FileStatus;
import dev.banger.model.BangerException;
import dev.banger.rpc.Methods;
import dev.banger.vm.Vms;

/** Copies: methods after whose reply the connection carries streams, and what they ask first. */
final class StreamMethods {
  private final Vms vms;

  StreamMethods(Vms vms) {
    this.vms = vms;
  }

  void addTo(Methods methods) {
    add(methods, StreamApi.COPY, (_, wish) -> CopySession.begin(vms.guest(wish.vm()), wish));
    VmMethods.add(methods, StreamApi.STAT, (_, wish) -> stat(wish));
  }

  static <P extends Record, R> void add(
      Methods methods, Method<P, R> method, Methods.InteractiveHandler<P, R> handler) {
    methods.addInteractive(method.name(), method.params(), method.result(), handler);
  }

  private StreamApi.FileStatus stat(StreamApi.Stat wish)
      throws BangerException, InterruptedException {
    FileStatus status = vms.guest(wish.vm()).stat(wish.path(), wish.followLink());
    return FileStatuses.view(status);
  }
}
