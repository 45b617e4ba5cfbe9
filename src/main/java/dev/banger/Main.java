package dev.banger;

/** Picks a face: the daemon or a client command. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {}
}
