package dev.banger.guest;

import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** One stream that began with a request. Closing it before its end resets it. */
final class Conversation implements AutoCloseable {
  private final YamuxStream stream;
  private final String what;

  Conversation(YamuxStream stream, String what) {
    this.stream = stream;
    this.what = what;
  }

  /** What is tried, on what: the beginning of every error. */
  String what() {
    return what;
  }

  InputStream input() {
    return stream.input();
  }

  OutputStream output() {
    return stream.output();
  }

  void closeOutput() {
    stream.closeOutput();
  }

  void send(Kind kind, WireWriter body, Duration limit) throws IOException {
    stream.deadline(limit);
    Message.write(stream.output(), kind, body);
  }

  /** Waits for an OK and decodes it whole. */
  <T> T reply(WireReader.Decoder<T> decoder) throws IOException {
    return Message.read(stream.input()).requireOk().all(decoder);
  }

  /** What follows waits as long as it takes. */
  void withoutLimit() {
    stream.deadline(null);
  }

  void withLimit(Duration limit) {
    stream.deadline(limit);
  }

  /** Ends it at once; nothing happens if both sides have ended already. */
  void reset() {
    stream.reset();
  }

  /** Ends it after what was written; nothing more is read. */
  @Override
  public void close() {
    stream.close();
  }
}
