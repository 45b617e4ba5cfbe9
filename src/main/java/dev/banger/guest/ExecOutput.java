package dev.banger.guest;

import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes a program writes. What was read is acknowledged in batches, and then the guest forgets
 * it: {@link #offset} is from where to attach again, and {@link #keep} how much before it. Used by
 * one thread at a time.
 */
public final class ExecOutput extends PieceInputStream {
  private static final int BATCH = 128 * 1024;

  private final Conversation conversation;
  private volatile long offset;
  private long acknowledged;
  private volatile int kept;

  ExecOutput(Conversation conversation, long offset) {
    this.conversation = conversation;
    this.offset = offset;
    this.acknowledged = offset;
  }

  /**
   * Whoever attaches here has all before it: the guest may forget that. Else hosts that come and go
   * before a batch is full would leave it a full ring, and it would wait for them as they for it.
   */
  void forgetBefore() {
    try {
      if (offset > 0) {
        tell(offset);
      }
    } catch (IOException _) {
      // The stream has ended already: its reader will hear why.
    }
  }

  /** How many bytes the program had written up to here. */
  public long offset() {
    return offset;
  }

  /**
   * The guest keeps so many bytes behind {@link #offset}: from there, too, one can attach again.
   */
  public void keep(int bytes) {
    kept = bytes;
  }

  @Override
  public int read(byte[] to, int start, int length) throws IOException {
    int count = conversation.input().read(to, start, length);
    if (count > 0) {
      long now = offset + count;
      offset = now;
      if (now - kept - acknowledged >= BATCH) {
        acknowledge();
      }
    } else if (count < 0) {
      acknowledgeIfStillHeard();
    }
    return count;
  }

  @Override
  public int available() throws IOException {
    return conversation.input().available();
  }

  private void acknowledge() throws IOException {
    long done = offset - kept;
    if (done > acknowledged) {
      acknowledged = done;
      tell(done);
    }
  }

  /** The guest may forget what is before this. */
  private void tell(long consumed) throws IOException {
    conversation.output().write(ByteBuffer.allocate(8).putLong(consumed).array());
  }

  /** The agent may have closed the stream by now; the bytes are here all the same. */
  private void acknowledgeIfStillHeard() {
    try {
      acknowledge();
    } catch (IOException _) {
      // Then it holds them until the exec is forgotten.
    }
  }

  /** Acknowledges what was read and is not kept, and takes no more. */
  @Override
  public void close() {
    acknowledgeIfStillHeard();
    conversation.close();
  }
}
