package dev.banger.vmm.firecracker;

import io.avaje.json.JsonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What one Firecracker counts: an object a line, from a pipe. Counters come as differences and are
 * summed up from the moment this stream began.
 */
final class MetricsStream implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MetricsStream.class.getName());
  private static final int LINE_LIMIT = 1 << 20;
  private static final int NAMES_LIMIT = 4096;

  /** Groups and fields that are values, not differences. */
  private static final Set<String> VALUES =
      Set.of("latencies_us", "api_server", "utc_timestamp_ms", "min_us", "max_us");

  /** Counters that should stay at nothing. */
  private static final Set<String> BAD =
      Set.of("seccomp.num_faults", "vmm.panic_count", "vcpu.failures", "signals.sigbus");

  private final String name;
  private final Map<String, Long> counters = new ConcurrentHashMap<>();
  private volatile @Nullable FileChannel channel;
  private volatile boolean closed;

  /**
   * @param name for messages
   */
  MetricsStream(String name) {
    this.name = name;
  }

  /** Opened for writing, too: so it never blocks, and never ends. */
  void begin(Path pipe) {
    try {
      FileChannel opened =
          FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE);
      channel = opened;
      if (closed) {
        close();
        return;
      }
      Thread.ofPlatform().daemon().name("firecracker-metrics-" + name).start(() -> read(opened));
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "cannot read what the Firecracker of " + name + " counts",
          e);
    }
  }

  /** Sums by {@code group.field}; nothing as long as nothing came. */
  Map<String, Long> counters() {
    return new TreeMap<>(counters);
  }

  private void read(FileChannel pipe) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
    StringBuilder line = new StringBuilder();
    try (pipe) {
      while (pipe.read(bytes.clear()) >= 0) {
        String text = StandardCharsets.ISO_8859_1.decode(bytes.flip()).toString();
        for (int i = 0; i < text.length(); i++) {
          if (text.charAt(i) == '\n') {
            take(line.toString());
            line.setLength(0);
          } else if (line.length() < LINE_LIMIT) {
            line.append(text.charAt(i));
          }
        }
      }
    } catch (IOException e) {
      if (!closed) {
        LOG.log(System.Logger.Level.DEBUG, "the metrics of " + name + " end", e);
      }
    }
  }

  void take(String line) {
    try {
      Map<String, Object> groups =
          ApiAnswer.object(ApiAnswer.JSON.type(Object.class).fromJson(line));
      groups.forEach((group, fields) -> add(group, fields, VALUES.contains(group)));
    } catch (JsonException | IllegalStateException e) {
      LOG.log(System.Logger.Level.DEBUG, "a line of metrics of {0} is no JSON", name);
    }
  }

  private void add(String path, Object value, boolean isValue) {
    if (value instanceof Map<?, ?> map) {
      map.forEach((field, inner) -> {
        if (inner != null) {
          add(path + "." + field, inner, isValue || VALUES.contains(String.valueOf(field)));
        }
      });
    } else if (value instanceof Number number
        && (counters.size() < NAMES_LIMIT || counters.containsKey(path))) {
      if (BAD.contains(path) && number.longValue() > 0) {
        LOG.log(System.Logger.Level.WARNING, "vm={0} {1}={2}", name, path, number);
      }
      counters.merge(path, number.longValue(), (old, now) -> isValue ? now : old + now);
    }
  }

  @Override
  public void close() {
    closed = true;
    FileChannel opened = channel;
    try {
      if (opened != null) {
        opened.close();
      }
    } catch (IOException e) {
      // It is gone, which is what was wanted.
    }
  }
}
