package dev.banger.vmm.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Cuts a stream of bytes into lines of limited length. Belongs to one thread. */
final class QmpLines {
  private final int limit;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  QmpLines(int limit) {
    this.limit = limit;
  }

  /** The lines that these bytes complete; empty ones are left out. */
  List<String> add(ByteBuffer bytes) throws IOException {
    List<String> complete = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (next == '\n') {
        String text = line.toString(StandardCharsets.UTF_8).strip();
        line.reset();
        if (!text.isEmpty()) {
          complete.add(text);
        }
      } else if (line.size() == limit) {
        throw new IOException("a line of more than " + limit + " bytes");
      } else {
        line.write(next);
      }
    }
    return complete;
  }
}
