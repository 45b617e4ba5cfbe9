package dev.banger.image.oci;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How an image wants to be run, and what it is made of. What it does not say is empty.
 *
 * @param entrypoint the words in front of the command
 * @param command what runs when the user names no command
 * @param environment {@code K=V}
 * @param user {@code name}, {@code uid}, each perhaps with {@code :group}; empty is root
 * @param exposedPorts {@code 80/tcp}
 * @param volumes directories that outlive a container
 * @param diffIds digests of the plain tar streams of the layers, the lowest first
 */
public record ImageConfig(
    Platform platform,
    List<String> entrypoint,
    List<String> command,
    List<String> environment,
    String user,
    String workingDirectory,
    String stopSignal,
    List<String> exposedPorts,
    List<String> volumes,
    Map<String, String> labels,
    Optional<Instant> created,
    List<Digest> diffIds,
    List<History> history) {
  static final int SIZE_LIMIT = 8 << 20;

  /**
   * One step of the image's making.
   *
   * @param emptyLayer whether it made no layer
   */
  public record History(String createdBy, String comment, boolean emptyLayer) {}

  public ImageConfig {
    entrypoint = List.copyOf(entrypoint);
    command = List.copyOf(command);
    environment = List.copyOf(environment);
    exposedPorts = List.copyOf(exposedPorts);
    volumes = List.copyOf(volumes);
    labels = Map.copyOf(labels);
    diffIds = List.copyOf(diffIds);
    history = List.copyOf(history);
  }

  static ImageConfig parse(byte[] text) throws MalformedException {
    JsonObject json = JsonObject.parse(text);
    JsonObject run = json.object("config");
    JsonObject layers = json.object("rootfs");
    if (!layers.text("type").equals("layers")) {
      throw new MalformedException("its root file system is not made of layers");
    }
    List<Digest> diffIds = new ArrayList<>();
    for (String id : layers.texts("diff_ids")) {
      diffIds.add(
          Digest.read(id).orElseThrow(() -> new MalformedException("a diff_id is no digest")));
    }
    List<History> history = new ArrayList<>();
    for (JsonObject step : json.objects("history")) {
      history.add(
          new History(step.text("created_by"), step.text("comment"), step.flag("empty_layer")));
    }
    return new ImageConfig(
        new Platform(json.text("os"), json.text("architecture"), json.text("variant")),
        run.texts("Entrypoint"),
        run.texts("Cmd"),
        run.texts("Env"),
        run.text("User"),
        run.text("WorkingDir"),
        run.text("StopSignal"),
        run.names("ExposedPorts"),
        run.names("Volumes"),
        run.map("Labels"),
        time(json.text("created")),
        diffIds,
        history);
  }

  /** An image's age is not worth refusing it. */
  private static Optional<Instant> time(String text) {
    try {
      return text.isEmpty()
          ? Optional.empty()
          : Optional.of(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
