package dev.banger.image;

import dev.banger.image.disk.Manifest;
import dev.banger.model.BangerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How an image wants its programs to be run. What it does not say is empty.
 *
 * @param command what runs when the user names no command, the entrypoint's words first
 * @param entrypoint the words of the command that stay when a user names others: these follow
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
    List<String> entrypoint,
    boolean service,
    List<String> environment,
    String user,
    String workingDirectory,
    String stopSignal,
    List<String> ports,
    List<String> volumes) {
  public ImageDefaults {
    command = List.copyOf(command);
    entrypoint = List.copyOf(entrypoint);
    environment = List.copyOf(environment);
    ports = List.copyOf(ports);
    volumes = List.copyOf(volumes);
  }

  /** What {@link #writeTo} wrote. */
  static ImageDefaults read(Manifest manifest) throws BangerException {
    return new ImageDefaults(
        manifest.list("command"),
        manifest.list("entrypoint"),
        Boolean.parseBoolean(manifest.textOr("service", "false")),
        manifest.list("environment"),
        manifest.text("user"),
        manifest.textOr("workingDirectory", ""),
        manifest.textOr("stopSignal", ""),
        manifest.list("ports"),
        manifest.list("volumes"));
  }

  /** Into an image's manifest. */
  void writeTo(Map<String, String> values) {
    values.put("command", Manifest.lines(command));
    values.put("entrypoint", Manifest.lines(entrypoint));
    values.put("service", Boolean.toString(service));
    values.put("environment", Manifest.lines(environment));
    values.put("user", user);
    values.put("workingDirectory", workingDirectory);
    values.put("stopSignal", stopSignal);
    values.put("ports", Manifest.lines(ports));
    values.put("volumes", Manifest.lines(volumes));
  }

  /** Of an image that is for people: a shell, as root. */
  public static ImageDefaults shell(List<String> command, List<String> environment) {
    return new ImageDefaults(
        command, List.of(), false, environment, "", "", "", List.of(), List.of());
  }

  /**
   * What runs in a VM that was made for it, as docker has it.
   *
   * @param words what the user wrote; empty: what the image says
   * @param instead of the entrypoint; then nothing of the image's command is left. Empty: none
   */
  public List<String> program(List<String> words, Optional<List<String>> instead) {
    if (instead.isEmpty() && words.isEmpty()) {
      return command;
    }
    List<String> program = new ArrayList<>(instead.orElse(entrypoint));
    program.addAll(words);
    return program;
  }
}
