package dev.banger.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns, each as wide as its widest cell; a header line first. */
final class Table {
  private static final int GAP = 3;

  private final List<String[]> rows = new ArrayList<>();
  private final int[] widths;

  Table(String... header) {
    widths = new int[header.length];
    row(header);
  }

  /** As many cells as the header has. */
  void row(String... cells) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], cells[i].length());
    }
    rows.add(cells);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      for (int i = 0; i < widths.length; i++) {
        text.append(row[i]);
        if (i < widths.length - 1) {
          text.repeat(' ', widths[i] - row[i].length() + GAP);
        }
      }
      text.append('\n');
    }
    return text.toString();
  }
}
