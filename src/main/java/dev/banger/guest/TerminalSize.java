package dev.banger.guest;

/** The window of a terminal, in characters. */
public record TerminalSize(int rows, int columns) {
  private static final int MAX = 0xFFFF;

  public TerminalSize {
    if (rows < 0 || rows > MAX || columns < 0 || columns > MAX) {
      throw new IllegalArgumentException("not a terminal's size: " + rows + "x" + columns);
    }
  }

  void write(WireWriter out) {
    out.u16(rows).u16(columns);
  }
}
