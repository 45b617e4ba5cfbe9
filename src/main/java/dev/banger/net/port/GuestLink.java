package dev.banger.net.port;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A connection to a server in a guest: two independent directions of bytes. */
public interface GuestLink extends AutoCloseable {
  InputStream input();

  OutputStream output();

  /** The server reads an end of file after what was written. */
  void closeOutput() throws IOException;

  /** Ends both directions at once, also for who waits in them; may be called again. */
  void reset();

  /** What was written still arrives. */
  @Override
  void close();
}
