package dev.banger.yamux;

import java.nio.ByteBuffer;

/** The 12-byte header of a frame, and the limits both sides keep. */
final class Frame {
  static final int HEADER_BYTES = 12;

  static final int DATA = 0;
  static final int WINDOW_UPDATE = 1;
  static final int PING = 2;
  static final int GO_AWAY = 3;

  static final int SYN = 1;
  static final int ACK = 2;
  static final int FIN = 4;
  static final int RST = 8;

  static final int INITIAL_WINDOW = 256 * 1024;
  static final long MAX_WINDOW = 0xFFFF_FFFFL;
  static final int MAX_DATA_RECEIVED = 64 * 1024;
  static final int MAX_DATA_SENT = 16 * 1024;
  static final int MAX_STREAMS = 256;

  private Frame() {}

  static void putHeader(ByteBuffer out, int type, int flags, int stream, int length) {
    out.put((byte) 0).put((byte) type).putShort((short) flags).putInt(stream).putInt(length);
  }
}
