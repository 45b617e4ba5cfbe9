package dev.banger.image.oci;

import java.io.IOException;

/** A proxy opens no tunnel to a registry. */
final class TunnelException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int WANTS_A_PASSWORD = 407;
  private static final int FIRST_OF_A_SERVER_IN_TROUBLE = 500;

  private final int status;

  TunnelException(int status) {
    super("the proxy opens no tunnel to it: status " + status);
    this.status = status;
  }

  /** Whether another attempt may succeed. */
  boolean mayPass() {
    return status >= FIRST_OF_A_SERVER_IN_TROUBLE;
  }

  String hint() {
    return status == WANTS_A_PASSWORD
        ? "give the daemon's variable https_proxy the user and password that the proxy wants"
        : "check the daemon's variables https_proxy and no_proxy, and what the proxy allows";
  }
}
