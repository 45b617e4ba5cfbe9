package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;

/** Turns what goes wrong on the channel into what leaves the room's door. */
final class Failure {
  private Failure() {}

  /** {@code what} says what was tried and on what. */
  static BangerException of(String what, IOException e) throws InterruptedException {
    return switch (e) {
      case GuestError error -> new BangerException(error.errorCode(), what, "", error);
      case MalformedException _ ->
          new BangerException(
              ErrorCode.GUEST_FAILED,
              what,
              "the agent breaks the protocol: restart the VM so that it gets this version's agent",
              e);
      case SocketTimeoutException _ ->
          new BangerException(
              ErrorCode.TIMEOUT, what, "the guest may be overloaded or hang: see its log", e);
      case InterruptedIOException _ -> throw interrupted(what, e);
      case ClosedByInterruptException _ -> throw interrupted(what, e);
      default ->
          new BangerException(
              ErrorCode.UNAVAILABLE, what, "see whether the VM still runs, and its log", e);
    };
  }

  private static InterruptedException interrupted(String what, IOException e) {
    Thread.interrupted();
    InterruptedException interrupted = new InterruptedException(what + ": interrupted");
    interrupted.initCause(e);
    return interrupted;
  }

  static BangerException unsendable(String what, UnsendableException e) {
    return new BangerException(ErrorCode.INVALID, what, "", e);
  }
}
