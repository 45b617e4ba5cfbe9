package dev.banger.api;

/**
 * One method of the daemon.
 *
 * @param name {@code noun.verb}
 * @param summary one line for people
 * @param kind what follows the reply
 */
public record Method<P, R>(
    String name, Class<P> params, Class<R> result, String summary, Kind kind) {
  /** What a call looks like on the wire. */
  public enum Kind {
    /** One reply. */
    CALL,
    /** Notifications ({@code operation.progress}, {@code events.event}), then the reply. */
    WATCH,
    /** As WATCH; after the reply the connection is a yamux session (docs/rpc.md). */
    INTERACTIVE
  }

  static <P, R> Method<P, R> call(String name, Class<P> params, Class<R> result, String summary) {
    return new Method<>(name, params, result, summary, Kind.CALL);
  }

  static <P, R> Method<P, R> watch(String name, Class<P> params, Class<R> result, String summary) {
    return new Method<>(name, params, result, summary, Kind.WATCH);
  }

  static <P, R> Method<P, R> interactive(
      String name, Class<P> params, Class<R> result, String summary) {
    return new Method<>(name, params, result, summary, Kind.INTERACTIVE);
  }
}
