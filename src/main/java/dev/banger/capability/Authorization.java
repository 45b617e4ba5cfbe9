package dev.banger.capability;

import dev.banger.config.Config;
import dev.banger.guest.GuestConfiguration;
import dev.banger.journal.Steps;
import java.util.List;

/** Who may log in to the guest, and the git identity in it, as {@code config.toml} says. */
public final class Authorization implements Capability {
  private static final String USER = "root";

  private final Config.Authorization config;

  public Authorization(Config.Authorization config) {
    this.config = config;
  }

  @Override
  public String name() {
    return "authorization";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) {
    if (!config.keys().isEmpty()) {
      plan.guest()
          .authorizedKeys(List.of(new GuestConfiguration.AuthorizedKeys(USER, config.keys())));
    }
    if (!config.gitName().isEmpty() || !config.gitEmail().isEmpty()) {
      plan.guest().git(USER, config.gitName(), config.gitEmail());
    }
  }
}
