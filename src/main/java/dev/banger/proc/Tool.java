package dev.banger.proc;

/**
 * A program of another package that banger runs.
 *
 * @param name of its binary
 * @param debianPackage what to install when it is missing
 */
public record Tool(String name, String debianPackage) {
  @Override
  public String toString() {
    return name;
  }
}
