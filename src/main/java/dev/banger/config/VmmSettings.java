package dev.banger.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * {@code vmm} and {@code [firecracker]}.
 *
 * @param choice who runs VMs
 * @param jailer when Firecrackers are put in a jail
 * @param releases a list of releases that can be fetched
 */
public record VmmSettings(Choice choice, Jailer jailer, Optional<Path> releases) {
  /** Who runs VMs. */
  public enum Choice {
    /** Firecracker where it and KVM are there and VMs are on a bridge, else QEMU. */
    AUTO,
    FIRECRACKER,
    QEMU
  }

  /** When Firecracker's jailer is used. */
  public enum Jailer {
    /** By a daemon that is root. */
    AUTO,
    /** Always: without root nothing starts. */
    ALWAYS,
    /** Never: a daemon that is root starts them as root, with no more than seccomp's filters. */
    NEVER
  }

  public static VmmSettings defaults() {
    return new VmmSettings(Choice.AUTO, Jailer.AUTO, Optional.empty());
  }
}
