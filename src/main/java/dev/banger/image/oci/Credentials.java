package dev.banger.image.oci;

import dev.banger.model.BangerException;
import java.util.Optional;

/** Who we are to registries. */
@FunctionalInterface
interface Credentials {
  /** For those who have none. */
  Credentials NONE = (registry, repository) -> Optional.empty();

  /** Asked only when a registry wants to know. */
  Optional<Credential> find(String registry, String repository)
      throws BangerException, InterruptedException;
}
