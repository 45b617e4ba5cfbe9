package dev.banger.guest;

import java.io.InputStream;
import java.io.OutputStream;

/** Raw bytes to and from the guest. */
public final class GuestStream implements AutoCloseable {
  private final Conversation conversation;

  GuestStream(Conversation conversation) {
    this.conversation = conversation;
  }

  public InputStream input() {
    return conversation.input();
  }

  public OutputStream output() {
    return conversation.output();
  }

  /** The other end reads an end of file after what was written. */
  public void closeOutput() {
    conversation.closeOutput();
  }

  /** Ends both directions at once. */
  public void reset() {
    conversation.reset();
  }

  /** What was written still arrives; nothing more is read. */
  @Override
  public void close() {
    conversation.close();
  }
}
