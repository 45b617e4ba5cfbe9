package dev.banger.model;

import java.io.IOException;
import java.io.InputStream;

/** A stream that is read in pieces; a single byte is a piece of one. */
public abstract class PieceInputStream extends InputStream {
  @Override
  public final int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public abstract int read(byte[] target, int offset, int length) throws IOException;
}
