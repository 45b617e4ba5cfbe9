package dev.banger.cli;

import dev.banger.yamux.YamuxStream;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The stream of an archive, which remembers whether a failure was its own or the host files'. */
final class TarPipe {
  private static final int BUFFER = 64 << 10;

  private final YamuxStream stream;
  private boolean broken;

  TarPipe(YamuxStream stream) {
    this.stream = stream;
  }

  boolean broken() {
    return broken;
  }

  InputStream input() {
    return new BufferedInputStream(
        new FilterInputStream(stream.input()) {
          @Override
          public int read(byte[] to, int offset, int length) throws IOException {
            try {
              return in.read(to, offset, length);
            } catch (IOException e) {
              broken = true;
              throw e;
            }
          }
        },
        BUFFER);
  }

  OutputStream output() {
    return new BufferedOutputStream(
        new FilterOutputStream(stream.output()) {
          @Override
          public void write(byte[] from, int offset, int length) throws IOException {
            try {
              out.write(from, offset, length);
            } catch (IOException e) {
              broken = true;
              throw e;
            }
          }
        },
        BUFFER);
  }
}
