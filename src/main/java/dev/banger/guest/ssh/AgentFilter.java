package dev.banger.guest.ssh;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What of the SSH agent's protocol (draft-ietf-sshm-ssh-agent) a guest may say: list the keys that
 * it may use, and sign with these. To all else the answer is no, and the agent never hears of it.
 */
final class AgentFilter {
  static final String ALL = "*";

  private static final int FAILURE = 5;
  private static final int REQUEST_IDENTITIES = 11;
  private static final int IDENTITIES_ANSWER = 12;
  private static final int SIGN_REQUEST = 13;
  private static final int LONGEST = 256 << 10;

  private final List<String> fingerprints;

  AgentFilter(List<String> fingerprints) {
    this.fingerprints = List.copyOf(fingerprints);
  }

  /** Serves a connection of the guest until one side ends. */
  void serve(
      InputStream fromGuest, OutputStream toGuest, InputStream fromAgent, OutputStream toAgent)
      throws IOException {
    DataInputStream requests = new DataInputStream(fromGuest);
    DataInputStream answers = new DataInputStream(fromAgent);
    try {
      while (true) {
        byte[] request = read(requests);
        byte[] answer = {FAILURE};
        if (isAllowed(request)) {
          write(toAgent, request);
          answer = read(answers);
          answer = request[0] == REQUEST_IDENTITIES ? filtered(answer) : answer;
        }
        write(toGuest, answer);
      }
    } catch (EOFException _) {
      // Between two messages or within one: nobody waits for more.
    }
  }

  private static byte[] read(DataInputStream from) throws IOException {
    int length = from.readInt();
    if (length < 1 || length > LONGEST) {
      throw new IOException("a message of " + length + " bytes in the agent's protocol");
    }
    byte[] message = new byte[length];
    from.readFully(message);
    return message;
  }

  private static void write(OutputStream to, byte[] message) throws IOException {
    DataOutputStream out = new DataOutputStream(to);
    out.write(
        ByteBuffer.allocate(Integer.BYTES + message.length)
            .putInt(message.length)
            .put(message)
            .array());
    out.flush();
  }

  private boolean isAllowed(byte[] request) throws IOException {
    return switch (request[0]) {
      case REQUEST_IDENTITIES -> request.length == 1;
      case SIGN_REQUEST -> isAllowedKey(bytes(ByteBuffer.wrap(request, 1, request.length - 1)));
      default -> false;
    };
  }

  private boolean isAllowedKey(byte[] key) {
    return fingerprints.contains(ALL) || fingerprints.contains(OpenSshKey.fingerprint(key));
  }

  private byte[] filtered(byte[] answer) throws IOException {
    ByteBuffer all = ByteBuffer.wrap(answer);
    if (all.get() != IDENTITIES_ANSWER) {
      return new byte[] {FAILURE};
    }
    try {
      int count = all.getInt();
      List<byte[]> parts = new ArrayList<>();
      int length = 1 + Integer.BYTES;
      for (int i = 0; i < count; i++) {
        byte[] key = bytes(all);
        byte[] comment = bytes(all);
        if (isAllowedKey(key)) {
          parts.add(key);
          parts.add(comment);
          length += 2 * Integer.BYTES + key.length + comment.length;
        }
      }
      ByteBuffer some = ByteBuffer.allocate(length);
      some.put((byte) IDENTITIES_ANSWER).putInt(parts.size() / 2);
      for (byte[] part : parts) {
        some.putInt(part.length).put(part);
      }
      return some.array();
    } catch (BufferUnderflowException e) {
      throw new IOException("an answer of the agent is cut off", e);
    }
  }

  private static byte[] bytes(ByteBuffer from) throws IOException {
    if (from.remaining() < Integer.BYTES) {
      throw new IOException("a message of the agent's protocol is cut off");
    }
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw new IOException("a message of the agent's protocol is cut off");
    }
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }
}
