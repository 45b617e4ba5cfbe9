package dev.banger.api;

import java.util.ArrayList;
import java.util.List;

/** The table of all methods. */
public final class Api {
  private Api() {}

  /** Every method, by room, in the order of the documentation. */
  public static List<Method<?, ?>> methods() {
    List<Method<?, ?>> all = new ArrayList<>();
    all.addAll(List.of(DaemonApi.STATUS, DaemonApi.STOP, DaemonApi.DISCOVER));
    all.addAll(
        List.of(OperationApi.STATUS, OperationApi.WATCH, OperationApi.CANCEL, OperationApi.LIST));
    all.addAll(List.of(VmApi.CREATE_BEGIN, VmApi.START_BEGIN, VmApi.RESTART_BEGIN));
    all.addAll(VmApi.OPERATIONS);
    all.addAll(List.of(VmApi.LIST, VmApi.SHOW, VmApi.STOP, VmApi.KILL, VmApi.DELETE, VmApi.LOGS));
    all.add(EventApi.SUBSCRIBE);
    all.addAll(
        List.of(
            StreamApi.EXEC,
            StreamApi.ATTACH,
            StreamApi.RUN,
            StreamApi.COPY,
            StreamApi.CONSOLE,
            StreamApi.STAT,
            LogApi.READ));
    all.addAll(List.of(SshApi.CONNECT, SshApi.FILES));
    all.addAll(List.of(SetApi.SET, FigureApi.STATS, FigureApi.PING, FigureApi.HEALTH));
    all.addAll(List.of(PortApi.PUBLISH, PortApi.UNPUBLISH, PortApi.PORTS));
    all.addAll(List.of(EgressApi.EGRESS, EgressApi.TEST, EgressApi.LIST));
    all.addAll(List.of(ImageApi.LIST, ImageApi.SHOW, ImageApi.DELETE, ImageApi.PULL_BEGIN));
    all.addAll(List.of(ImageApi.REGISTER_BEGIN, ImageApi.PRUNE));
    all.addAll(List.of(CatalogApi.FIND, CatalogApi.BUNDLE));
    all.addAll(ImageApi.OPERATIONS);
    all.add(PromoteApi.BEGIN);
    all.addAll(PromoteApi.OPERATIONS);
    all.addAll(List.of(SeedApi.SHOW, SeedApi.CLEAR, SeedApi.FILL, SeedApi.BEGIN));
    all.addAll(SeedApi.OPERATIONS);
    all.addAll(
        List.of(KernelApi.LIST, KernelApi.DELETE, KernelApi.PULL_BEGIN, KernelApi.REGISTER_BEGIN));
    all.addAll(KernelApi.OPERATIONS);
    all.addAll(List.of(VmmApi.LIST, VmmApi.PULL_BEGIN));
    all.addAll(VmmApi.OPERATIONS);
    all.add(DiskApi.USAGE);
    return List.copyOf(all);
  }
}
