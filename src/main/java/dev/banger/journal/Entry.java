package dev.banger.journal;

import java.time.Instant;

/**
 * A step as it is written down.
 *
 * @param operation on whose behalf it was taken; empty: none
 * @param done false: it may have been taken, in part or in whole
 * @param tries how often its undoing has failed, {@code error} says why it last did
 */
public record Entry(
    long id, Step step, String operation, boolean done, Instant begun, int tries, String error) {

  Entry failed(String why) {
    return new Entry(id, step, operation, done, begun, tries + 1, why);
  }
}
