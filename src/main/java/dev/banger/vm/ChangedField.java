package dev.banger.vm;

/**
 * What became of one field.
 *
 * @param field {@code memory}, {@code label k}
 * @param before, after for people; empty: nothing
 * @param note why it is not so yet; empty otherwise
 */
public record ChangedField(String field, String before, String after, When when, String note) {
  /** From when on it holds. */
  public enum When {
    NOW,
    NEXT_START,
    /** It was so before. */
    UNCHANGED
  }
}
