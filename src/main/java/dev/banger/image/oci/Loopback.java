package dev.banger.image.oci;

/** Names and addresses of this machine itself. */
final class Loopback {
  private Loopback() {}

  /**
   * @param host without a port
   */
  static boolean is(String host) {
    String bare = ProxySettings.bare(host);
    return bare.equals("localhost")
        || bare.endsWith(".localhost")
        || bare.equals("::1")
        || bare.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }

  /** Of {@code host:port}. */
  static String hostOf(String registry) {
    int colon = registry.lastIndexOf(':');
    return colon > registry.lastIndexOf(']') ? registry.substring(0, colon) : registry;
  }
}
