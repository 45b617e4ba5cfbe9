package dev.banger.vmm.firecracker;

import dev.banger.config.VmmSettings;
import java.nio.file.Path;

/**
 * How Firecrackers are started.
 *
 * @param jailer when they are put in a jail
 * @param kvm the device that they need
 */
public record FirecrackerSettings(VmmSettings.Jailer jailer, Path kvm) {
  public static FirecrackerSettings of(VmmSettings.Jailer jailer) {
    return new FirecrackerSettings(jailer, Path.of("/dev/kvm"));
  }
}
