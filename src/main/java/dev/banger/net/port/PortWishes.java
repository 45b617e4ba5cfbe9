package dev.banger.net.port;

import java.util.List;

/**
 * What a VM to be shall publish.
 *
 * @param exposed also all that its image says it listens on
 */
public record PortWishes(List<PortSpec> specs, boolean exposed) {
  public static final PortWishes NONE = new PortWishes(List.of(), false);

  public PortWishes {
    specs = List.copyOf(specs);
  }
}
