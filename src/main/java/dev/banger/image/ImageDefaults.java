package dev.banger.image;

import java.util.List;

/**
 * How an image wants its programs to be run. What it does not say is empty.
 *
 * @param command what runs when the user names no command, the entrypoint's words first
 * @param service whether the command is what a VM of this image is for, so that it runs in each of
 *     them; else it is only what a person would want
 * @param environment {@code K=V}
 * @param user {@code name}, {@code uid}, each perhaps with {@code :group}; empty is root
 * @param workingDirectory empty is the user's home
 * @param stopSignal {@code SIGTERM}
 * @param ports on which it listens, {@code 80/tcp}
 * @param volumes directories that outlive a container
 */
public record ImageDefaults(
    List<String> command,
    boolean service,
    List<String> environment,
    String user,
    String workingDirectory,
    String stopSignal,
    List<String> ports,
    List<String> volumes) {
  public ImageDefaults {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    ports = List.copyOf(ports);
    volumes = List.copyOf(volumes);
  }

  /** Of an image that is for people: a shell, as root. */
  public static ImageDefaults shell(List<String> command, List<String> environment) {
    return new ImageDefaults(command, false, environment, "", "", "", List.of(), List.of());
  }
}
