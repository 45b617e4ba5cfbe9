package dev.banger.store;

import java.util.List;

/**
 * A program of a guest.
 *
 * @param argv at least one word
 * @param directory in which it starts
 * @param user as whom it runs; empty: root
 */
public record ProgramRow(List<String> argv, String directory, String user) {
  public ProgramRow {
    argv = List.copyOf(argv);
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("a program without a name");
    }
  }
}
