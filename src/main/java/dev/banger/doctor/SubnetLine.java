package dev.banger.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The line of config.toml that sets {@code network.subnet}; all other lines stay as they are. */
final class SubnetLine {
  private static final Pattern SECTION = Pattern.compile("\\s*\\[.*");
  private static final Pattern NETWORK = Pattern.compile("\\s*\\[\\s*network\\s*]\\s*(#.*)?");
  private static final Pattern INLINE = Pattern.compile("\\s*network\\s*=.*");
  private static final Pattern INSIDE = Pattern.compile("\\s*subnet\\s*=.*");
  private static final Pattern DOTTED = Pattern.compile("\\s*network\\s*\\.\\s*\\w+\\s*=.*");
  private static final Pattern DOTTED_SUBNET =
      Pattern.compile("\\s*network\\s*\\.\\s*subnet\\s*=.*");

  private SubnetLine() {}

  /** Where it is, or would be: its place, and whether the section's name is in front. */
  private record Place(int at, boolean there, boolean dotted, boolean section) {}

  /** Empty: the file is written in a way that is not understood here. */
  private static Optional<Place> place(List<String> lines) {
    int end = lines.size();
    boolean inNetwork = false;
    boolean top = true;
    int section = -1;
    int firstSection = end;
    boolean dotted = false;
    for (int i = 0; i < end; i++) {
      String line = lines.get(i);
      if (SECTION.matcher(line).matches()) {
        inNetwork = NETWORK.matcher(line).matches();
        section = inNetwork ? i : section;
        firstSection = top ? i : firstSection;
        top = false;
      } else if (inNetwork && INSIDE.matcher(line).matches()) {
        return Optional.of(new Place(i, true, false, true));
      } else if (top && DOTTED_SUBNET.matcher(line).matches()) {
        return Optional.of(new Place(i, true, true, false));
      } else if (top && INLINE.matcher(line).matches()) {
        return Optional.empty();
      }
      dotted |= top && DOTTED.matcher(line).matches();
    }
    if (section >= 0) {
      return Optional.of(new Place(section + 1, false, false, true));
    }
    return Optional.of(
        dotted ? new Place(firstSection, false, true, false) : new Place(end, false, false, false));
  }

  /** The line as it is now; empty: there is none. */
  static String of(String toml) {
    List<String> lines = toml.lines().toList();
    return place(lines).filter(Place::there).map(place -> lines.get(place.at())).orElse("");
  }

  /** The file with this network; empty: it is not understood. */
  static Optional<String> with(String toml, String network) {
    List<String> lines = new ArrayList<>(toml.lines().toList());
    return place(lines)
        .map(place -> {
          String line = (place.dotted() ? "network.subnet" : "subnet") + " = \"" + network + "\"";
          if (place.there()) {
            lines.set(place.at(), line);
          } else {
            lines.add(place.at(), line);
            if (!place.dotted() && !place.section()) {
              lines.add(place.at(), "[network]");
            }
          }
          return String.join("\n", lines) + "\n";
        });
  }

  /** The file with the line of before in place of ours; somebody else's stays. */
  static String undone(String toml, String network, String before) {
    List<String> lines = new ArrayList<>(toml.lines().toList());
    Optional<Place> place = place(lines).filter(Place::there);
    if (place.isEmpty() || !lines.get(place.get().at()).endsWith("\"" + network + "\"")) {
      return toml;
    }
    int at = place.get().at();
    if (before.isEmpty()) {
      lines.remove(at);
      if (at == lines.size() && at > 0 && NETWORK.matcher(lines.get(at - 1)).matches()) {
        lines.remove(at - 1);
      }
    } else {
      lines.set(at, before);
    }
    return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
  }
}
