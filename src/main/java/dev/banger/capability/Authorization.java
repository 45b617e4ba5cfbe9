package dev.banger.capability;

import dev.banger.config.Config;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration;
import dev.banger.guest.GuestConfiguration.SyncedFile;
import dev.banger.guest.ssh.DaemonKey;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What root of a guest gets of its owner: who may log in (those that {@code config.toml} names, and
 * the daemon itself), the git identity, and files. The guest keeps a record of it, so that what is
 * named no longer goes there, and what its user made or changed stays.
 */
public final class Authorization implements Capability {
  private static final String USER = "root";

  private final DaemonKey daemon;
  private volatile Config.Authorization config;

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
      List<SyncedFile> _ = SyncedFiles.read(config.files());
      return List.of();
    } catch (BangerException e) {
      return List.of(e.getMessage() + ": " + e.hint());
    }
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException {
    addTo(plan.guest());
  }

  @Override
  public Set<String> withheld() {
    return config.files().stream()
        .map(file -> file.to().startsWith("/") ? file.to().substring(1) : "root/" + file.to())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Fingerprints of keys of SSH agents that a VM may use. */
  public List<String> agentKeys(String vm) {
    return config.agents().getOrDefault(vm, List.of());
  }

  /** From now on guests get this. */
  public void change(Config.Authorization now) {
    config = now;
  }

  /**
   * Once more for a guest that runs.
   *
   * @return what the guest has to say about it
   */
  public List<String> sync(Guest guest) throws BangerException, InterruptedException {
    GuestConfiguration.Builder told = GuestConfiguration.builder();
    addTo(told);
    return guest.apply(told.build());
  }

  private void addTo(GuestConfiguration.Builder told) throws BangerException {
    Config.Authorization now = config;
    List<String> keys = new ArrayList<>(now.keys());
    keys.add(daemon.line());
    List<SyncedFile> files = new ArrayList<>(SyncedFiles.read(now.files()));
    if (files.stream().noneMatch(file -> file.path().equals(".gitconfig"))) {
      SyncedFiles.git(now.git()).ifPresent(files::add);
    }
    told.synced(USER, keys, files);
  }
}
