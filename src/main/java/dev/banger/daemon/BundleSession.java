package dev.banger.daemon;

import dev.banger.image.catalog.BundleFile;
import dev.banger.image.catalog.BundleWriter;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.util.List;

/** Sends a bundle to a client: docs/rpc.md tells the two streams of the session. */
final class BundleSession {
  private static final int BUFFER = 64 << 10;

  private final List<BundleFile> files;
  private final long size;

  BundleSession(List<BundleFile> files) throws BangerException {
    this.files = files;
    long sum = 0;
    try {
      for (BundleFile file : files) {
        sum += file.size();
      }
    } catch (IOException e) {
      throw Trees.failure("cannot look at the image's files", e);
    }
    this.size = sum;
  }

  long size() {
    return size;
  }

  void serve(YamuxSession session) throws InterruptedException, IOException {
    try (YamuxStream control = session.accept();
        YamuxStream archive = session.accept()) {
      ControlMessage result;
      try {
        BundleWriter.write(
            files, new BufferedOutputStream(archive.output(), BUFFER), written -> {});
        archive.closeOutput();
        result = new ControlMessage.Copied(files.size(), size);
      } catch (IOException e) {
        if (!session.isOpen()) {
          throw e; // the client has gone
        }
        archive.reset();
        result = new ControlMessage.Failed(Trees.failure("cannot make the bundle", e));
      }
      ControlMessage.write(control.output(), result);
      control.closeOutput();
      control.input().skip(Long.MAX_VALUE); // until the client has read that
    }
  }
}
