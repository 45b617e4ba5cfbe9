package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A tar stream on its way into the guest. When the guest gives up, writing fails with its reason.
 * Closed before {@link #finish} it is cut off.
 */
public final class CopyIn implements AutoCloseable {
  private final Conversation conversation;
  private final CompletableFuture<CopyTotals> result = new CompletableFuture<>();
  private final OutputStream output = new Archive();

  CopyIn(Conversation conversation) {
    this.conversation = conversation;
    Thread.ofVirtual().name("copy-in").start(this::readResult);
  }

  private void readResult() {
    try {
      result.complete(conversation.reply(CopyTotals::read));
    } catch (IOException e) {
      result.completeExceptionally(e);
      conversation.reset();
    }
  }

  /** Where the archive goes. */
  public OutputStream output() {
    return output;
  }

  /** The archive is whole: waits until the guest has written all of it. */
  public CopyTotals finish(Duration limit) throws BangerException, InterruptedException {
    conversation.closeOutput();
    try {
      CopyTotals totals = result.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      conversation.close();
      return totals;
    } catch (TimeoutException e) {
      conversation.reset();
      throw new BangerException(
          ErrorCode.TIMEOUT, conversation.what() + " within " + limit.toSeconds() + " s", "", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GuestError error && error.isMalformed()) {
        throw new BangerException(
            ErrorCode.INVALID,
            conversation.what(),
            "send a whole tar archive: ustar, pax or GNU, not compressed",
            error);
      }
      if (e.getCause() instanceof IOException cause) {
        throw Failure.of(conversation.what(), cause);
      }
      throw new BangerException(ErrorCode.INTERNAL, conversation.what(), "", e);
    }
  }

  @Override
  public void close() {
    conversation.reset();
  }

  private final class Archive extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      try {
        conversation.output().write(from, offset, length);
      } catch (IOException e) {
        if (result.isCompletedExceptionally() && result.exceptionNow() instanceof GuestError why) {
          throw new IOException(conversation.what(), why);
        }
        throw e;
      }
    }
  }
}
