package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/** What the supervisor asks for, done as a user would have it done. */
final class PolicyActions implements Supervisor.Actions {
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final int LEAST_STARTS = 2;

  private final Vms vms;
  private final Lifecycle lifecycle;

  /** So many VMs start at once: a host that has just booted has other things to do, too. */
  private final Semaphore starts =
      new Semaphore(Math.max(LEAST_STARTS, Runtime.getRuntime().availableProcessors()));

  PolicyActions(Vms vms, Lifecycle lifecycle) {
    this.vms = vms;
    this.lifecycle = lifecycle;
  }

  @Override
  public void restart(VmId id) throws BangerException, InterruptedException {
    starts.acquire();
    try {
      vms.restartByPolicy(id);
    } finally {
      starts.release();
    }
  }

  @Override
  public void expire(VmId id, String why) throws BangerException, InterruptedException {
    vms.expire(id, why);
  }

  @Override
  public void stop(VmId id, String why) throws BangerException, InterruptedException {
    vms.stopByPolicy(id, GRACE, why);
  }

  @Override
  public void settle(VmId id) throws BangerException, InterruptedException {
    lifecycle.settle(id);
  }
}
