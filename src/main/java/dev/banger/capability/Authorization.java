package dev.banger.capability;

import dev.banger.config.Config;
import dev.banger.guest.GuestConfiguration;
import dev.banger.guest.ssh.DaemonKey;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;

/**
 * Who may log in to the guest: those that {@code config.toml} names, and the daemon itself; and the
 * git identity in it.
 */
public final class Authorization implements Capability {
  private static final String USER = "root";

  private final Config.Authorization config;

  private final DaemonKey daemon;

  public Authorization(Config.Authorization config, DaemonKey daemon) {
    this.config = config;
    this.daemon = daemon;
  }

  @Override
  public String name() {
    return "authorization";
  }

  @Override
  public List<String> preflight(StartPlan plan) {
    try {
      String _ = daemon.line();
      return List.of();
    } catch (BangerException e) {
      return List.of(e.getMessage() + ": " + e.hint());
    }
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException {
    List<String> keys = new ArrayList<>(config.keys());
    keys.add(daemon.line());
    plan.guest().authorizedKeys(List.of(new GuestConfiguration.AuthorizedKeys(USER, keys)));
    if (!config.gitName().isEmpty() || !config.gitEmail().isEmpty()) {
      plan.guest().git(USER, config.gitName(), config.gitEmail());
    }
  }
}
