package dev.banger.cli;

import dev.banger.api.NetworkApi;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Durations;
import dev.banger.model.RestartPolicy;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What options say, read in the same way by every command. */
final class OptionValues {
  /** {@code --wait} alone: how long a start may wait for room. */
  static final String WAIT = "10m";

  static final String WAIT_DESCRIPTION = "Wait for room on the host, 10 minutes or --wait=DURATION";

  private static final Pattern FILE =
      Pattern.compile("(oci:|oci-archive:|docker-archive:)([^\\x00]+)");

  private OptionValues() {}

  /** 0: the option is missing. */
  static int cpus(@Nullable Integer given) throws UsageException {
    if (given != null && given < 1) {
      throw new UsageException("a VM needs at least one CPU, not " + given, "");
    }
    return given == null ? 0 : given;
  }

  /** As the daemon writes it; null: the option is missing. */
  static @Nullable String restart(@Nullable String text) throws UsageException {
    try {
      return text == null ? null : RestartPolicy.parse(text).toString();
    } catch (BangerException e) {
      throw UsageException.of(e);
    }
  }

  /** An image's reference, its path absolute where it names a directory or a file of this host. */
  static String image(String text) {
    Matcher file = FILE.matcher(text);
    return file.matches()
        ? file.group(1) + Path.of(file.group(2)).toAbsolutePath().normalize()
        : text;
  }

  /** A file of this host, as the daemon finds it. */
  static String file(String option, String text) throws UsageException {
    if (text.isEmpty()) {
      throw new UsageException(option + " names no file: it is empty", "");
    }
    try {
      return Path.of(text).toAbsolutePath().normalize().toString();
    } catch (InvalidPathException e) {
      throw new UsageException(option + " names no file: " + e.getReason(), "");
    }
  }

  /** A duration in milliseconds; null: the option is missing. */
  static @Nullable Long millis(String option, @Nullable String text) throws UsageException {
    try {
      return text == null ? null : Durations.parse(option, text).toMillis();
    } catch (BangerException e) {
      throw UsageException.of(e);
    }
  }

  static long millisOrZero(String option, @Nullable String text) throws UsageException {
    Long millis = millis(option, text);
    return millis == null ? 0 : millis;
  }

  /** Bytes; 0: the option is missing. */
  static long size(@Nullable String text) throws UsageException {
    if (text == null) {
      return 0;
    }
    try {
      ByteSize size = ByteSize.parse(text);
      if (size.bytes() > 0) {
        return size.bytes();
      }
    } catch (BangerException e) {
      throw UsageException.of(e);
    }
    throw new UsageException("a size of 0 is none", "write a number with a unit: 512M, 10G");
  }

  /** {@code K} alone passes on this shell's value, if it has one. */
  static List<String> environment(@Nullable List<String> given) throws UsageException {
    List<String> pairs = new ArrayList<>();
    for (String text : given == null ? List.<String>of() : given) {
      int equals = text.indexOf('=');
      if (text.isEmpty() || equals == 0) {
        throw new UsageException("'" + text + "' is no environment variable", "write K=V or K");
      }
      String own = equals < 0 ? System.getenv(text) : null;
      if (equals > 0) {
        pairs.add(text);
      } else if (own != null) {
        pairs.add(text + "=" + own);
      }
    }
    return pairs;
  }

  static Map<String, String> pairs(@Nullable List<String> given) throws UsageException {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String text : given == null ? List.<String>of() : given) {
      int equals = text.indexOf('=');
      if (equals < 1) {
        throw new UsageException("'" + text + "' is no label", "write K=V");
      }
      pairs.put(text.substring(0, equals), text.substring(equals + 1));
    }
    return pairs;
  }

  /** Null when nothing is wanted. */
  static NetworkApi.@Nullable Wanted network(
      @Nullable String ip, @Nullable String nat, @Nullable String network, Egress egress) {
    return ip == null && nat == null && network == null && egress.equals(Egress.NONE)
        ? null
        : new NetworkApi.Wanted(
            ip,
            nat == null ? null : nat.equals("on"),
            network,
            joined(egress.list()),
            joined(egress.add()),
            joined(egress.remove()),
            egress.mode());
  }

  /** Options about where a VM may connect to. */
  record Egress(
      @Nullable List<String> list,
      @Nullable List<String> add,
      @Nullable List<String> remove,
      @Nullable String mode) {
    static final Egress NONE = new Egress(null, null, null, null);
  }

  private static @Nullable String joined(@Nullable List<String> items) {
    return items == null ? null : String.join(",", items);
  }
}
