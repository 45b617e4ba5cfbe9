package dev.banger.capability;

import dev.banger.guest.GuestConfiguration;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * The directories that an image wants to outlive its containers: each is a directory of the work
 * disk, so it survives a change of the image and grows with the disk (docs/adr/0012).
 *
 * @param paths absolute and plain, a directory before what is below it
 * @param leftOut what the image names and no machine can have so, each with the reason
 */
record Volumes(List<String> paths, List<String> leftOut) {
  /** More are no image that somebody meant. */
  static final int LIMIT = 128;

  private static final String PLACE = ".banger/volumes/";
  private static final int NAME_LIMIT = 240;

  /** The guest's own, by which it lives. */
  private static final List<String> SYSTEM = List.of("/proc", "/sys", "/dev", "/run/banger");

  /** A mount over these would hide what the agent has made there, or is there already. */
  private static final List<String> TAKEN =
      List.of("/", "/run", OwnDisk.WORK.mountPoint(), WorkDisk.DOCKER);

  Volumes {
    paths = List.copyOf(paths);
    leftOut = List.copyOf(leftOut);
  }

  /** Of what an image's configuration says. */
  static Volumes of(List<String> wanted) {
    TreeSet<String> paths = new TreeSet<>(Comparator.naturalOrder());
    List<String> leftOut = new ArrayList<>();
    for (String volume : wanted) {
      String path = plain(volume);
      String wrong = wrong(volume, path);
      if (wrong.isEmpty()) {
        paths.add(path);
      } else {
        leftOut.add("'" + shown(volume) + "' " + wrong);
      }
    }
    return new Volumes(List.copyOf(paths), leftOut);
  }

  /** Empty when it can be one. */
  private static String wrong(String volume, String path) {
    if (!volume.startsWith("/")) {
      return "is no absolute path";
    }
    if (volume.chars().anyMatch(Character::isISOControl)) {
      return "has control characters";
    }
    if (TAKEN.contains(path)) {
      return "is the machine's own";
    }
    if (SYSTEM.stream().anyMatch(own -> (path + "/").startsWith(own + "/"))) {
      return "belongs to the kernel or the agent";
    }
    return name(path).getBytes(StandardCharsets.UTF_8).length > NAME_LIMIT ? "is too long" : "";
  }

  /** Without double slashes, `.` and `..`: those of the root lead to the root. */
  private static String plain(String path) {
    List<String> names = new ArrayList<>();
    for (String name : path.split("/", -1)) {
      if (name.equals("..")) {
        if (!names.isEmpty()) {
          names.removeLast();
        }
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.add(name);
      }
    }
    return "/" + String.join("/", names);
  }

  private static String shown(String volume) {
    String text = volume.length() > 80 ? volume.substring(0, 80) + "..." : volume;
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Two paths never have the same. */
  private static String name(String path) {
    return path.substring(1).replace("%", "%25").replace("/", "%2F").replace("..", "%2E%2E");
  }

  /** In the order in which they are to be mounted. */
  List<GuestConfiguration.Bind> binds() {
    return paths.stream()
        .map(path -> new GuestConfiguration.Bind(PLACE + name(path), path, true))
        .toList();
  }
}
