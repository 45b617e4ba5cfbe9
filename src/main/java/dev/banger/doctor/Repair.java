package dev.banger.doctor;

import java.util.List;

/**
 * What cures a finding: changes of this host, all of which can be undone.
 *
 * @param lasting it outlives a boot of the host
 */
public record Repair(boolean lasting, List<Change> changes) {
  /** One change. */
  public sealed interface Change {
    /** As it is shown to who is asked for it. */
    String text();
  }

  /** A program of the host's own. */
  record Command(List<String> words, List<String> undo) implements Change {
    Command {
      words = List.copyOf(words);
      undo = List.copyOf(undo);
    }

    @Override
    public String text() {
      return String.join(" ", words);
    }
  }

  /** The setting {@code network.subnet}. */
  record Subnet(String network) implements Change {
    @Override
    public String text() {
      return "network.subnet = \"" + network + "\" in config.toml";
    }
  }

  public Repair {
    changes = List.copyOf(changes);
  }
}
