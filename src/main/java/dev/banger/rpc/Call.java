package dev.banger.rpc;

/** A request at work, as its handler sees it. */
public interface Call {
  /** Sends a notification; dropped when the client has gone. May wait while the client reads. */
  void notify(String method, Object params);

  Peer peer();

  /** Whether the client has gone, or at least will send nothing more. */
  boolean closed();

  /**
   * Runs once when the client goes away, at once if it has gone; on the connection's thread, no
   * lock held; must not block. Not run any more when the handler has returned.
   */
  void onClosed(Runnable action);

  /** From now on this call's thread is interrupted when its client goes away. */
  void interruptWhenClosed();
}
