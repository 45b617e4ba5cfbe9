package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tar stream on its way out of the guest. Reading fails with the guest's reason when it cannot go
 * on; only after the end of file is the archive whole.
 */
public final class CopyOut implements AutoCloseable {
  private final Conversation conversation;
  private final InputStream input = new Archive();
  private volatile @Nullable CopyTotals totals;

  CopyOut(Conversation conversation) {
    this.conversation = conversation;
  }

  /** Where the archive comes from. */
  public InputStream input() {
    return input;
  }

  /** What was moved; known once {@link #input} has ended. */
  public CopyTotals totals() throws BangerException {
    CopyTotals known = totals;
    if (known == null) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, conversation.what() + ": it was not read to its end", "");
    }
    return known;
  }

  @Override
  public void close() {
    conversation.reset();
  }

  private final class Archive extends PieceInputStream {
    private byte[] part = new byte[0];
    private int position;

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, to.length);
      if (length == 0) {
        return 0;
      }
      while (position == part.length) {
        if (totals != null || !readPart()) {
          return -1;
        }
      }
      int count = Math.min(length, part.length - position);
      System.arraycopy(part, position, to, offset, count);
      position += count;
      return count;
    }

    /** False when the archive has ended. */
    private boolean readPart() throws IOException {
      try {
        Message message = Message.read(conversation.input());
        if (message.kind() == Kind.DATA.code()) {
          part = message.body();
          position = 0;
          return true;
        }
        totals = message.requireOk().all(CopyTotals::read);
        return false;
      } catch (GuestError e) {
        throw new IOException(conversation.what(), e);
      } catch (IOException e) {
        conversation.reset();
        throw e;
      }
    }

    @Override
    public int available() {
      return part.length - position;
    }
  }
}
