package dev.banger.vm;

import dev.banger.capability.ShownDisks;
import dev.banger.guest.CopyOut;
import dev.banger.guest.Guest;
import dev.banger.image.layer.Layer;
import dev.banger.image.layer.Reading;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.PieceInputStream;
import dev.banger.model.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The files that a helper VM shows, as a layer. */
final class GuestTree implements Layer {
  /** How often it is told how far it is, in bytes. */
  private static final long SAY = 1 << 20;

  private final Guest guest;
  private final Reading reading;
  private final Progress progress;
  private volatile @Nullable IOException failure;
  private volatile String digest = "";

  GuestTree(Guest guest, Reading reading, Progress progress) {
    this.guest = guest;
    this.reading = reading;
    this.progress = progress;
  }

  @Override
  public String name() {
    return "the VM's files";
  }

  @Override
  public Reading reading() {
    return reading;
  }

  @Override
  public InputStream open() throws BangerException, InterruptedException {
    return new Archive(guest.copyTree(ShownDisks.TREE));
  }

  /** Of the archive that was read last. */
  String digest() {
    return digest;
  }

  /** What has gone wrong with the guest, if that is why something else failed. */
  BangerException explain(String what, BangerException failed) {
    IOException why = failure;
    return why == null
        ? failed
        : new BangerException(
            ErrorCode.GUEST_FAILED,
            "cannot read the files of " + what + " in a helper VM",
            "try again; `banger daemon logs` says more",
            why);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private final class Archive extends PieceInputStream {
    private final CopyOut copy;
    private final MessageDigest sum = sha256();
    private long read;
    private long said;
    private boolean ended;

    Archive(CopyOut copy) {
      this.copy = copy;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      try {
        int count = copy.input().read(to, offset, length);
        if (count < 0) {
          end();
          return count;
        }
        sum.update(to, offset, count);
        tell(count);
        return count;
      } catch (InterruptedIOException e) {
        throw e; // somebody else has failed
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    /** It may be read on behind its end. */
    private void end() {
      if (!ended) {
        ended = true;
        digest = "sha256:" + HexFormat.of().formatHex(sum.digest());
      }
    }

    private void tell(int count) {
      read += count;
      if (read - said >= SAY) {
        said = read;
        progress.bytes(read, -1);
      }
    }

    @Override
    public void close() {
      copy.close();
    }
  }
}
