package dev.banger.proof;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * Lincheck, for registries that several threads use at once: what they answer must be what they
 * answer when the same calls come one behind the other, in some order. A registry is a public class
 * with a public constructor; its calls are marked {@code @Operation}.
 */
public final class Linearizability {
  private static final boolean LONG = Boolean.getBoolean("banger.test.long");

  private Linearizability() {}

  /** Goes through the orders in which two threads can come to what they share. */
  public static void requireInEveryOrder(Class<?> registry) {
    new ModelCheckingOptions()
        .iterations(LONG ? 60 : 2)
        .invocationsPerIteration(LONG ? 3_000 : 60)
        .threads(2)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(1)
        .check(registry);
  }

  /**
   * Runs threads as they come: for one that calls native code, whose steps cannot be ordered.
   *
   * @param model answers as the registry must, for one thread
   * @param runs of each set of calls
   */
  public static void requireUnderLoad(Class<?> registry, Class<?> model, int runs) {
    new StressOptions()
        .iterations(LONG ? 50 : 3)
        .invocationsPerIteration(LONG ? 10 * runs : runs)
        .threads(2)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(1)
        .sequentialSpecification(model)
        .check(registry);
  }
}
