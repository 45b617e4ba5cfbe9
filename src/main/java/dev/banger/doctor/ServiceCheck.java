package dev.banger.doctor;

import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.ServiceStop;
import java.util.List;

/** Whether VMs live on when systemd stops the service that the daemon is in, if it is in one. */
final class ServiceCheck implements Check {
  private final Directories directories;
  private final Binaries binaries;

  ServiceCheck(Directories directories, Binaries binaries) {
    this.directories = directories;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "daemon's service";
  }

  /** The daemon that runs; else the one that would be started from here. */
  @Override
  public List<Finding> run() {
    return List.of(
        finding(
            RunningDaemon.pid(directories)
                .map(pid -> ServiceStop.of(pid, binaries))
                .orElseGet(() -> ServiceStop.here(binaries))));
  }

  Finding finding(ServiceStop stop) {
    return switch (stop) {
      case ServiceStop.Harmless() -> Finding.ok(name(), "none; VMs outlive the daemon");
      case ServiceStop.Scoped scoped ->
          Finding.ok(name(), scoped.service() + "; VMs outlive it, each in a scope");
      case ServiceStop.Fatal fatal ->
          Finding.warning(
              name(), "VMs end when " + fatal.service() + " stops: " + fatal.why(), fatal.cure());
    };
  }
}
