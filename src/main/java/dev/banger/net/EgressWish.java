package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.egress.Egress;
import dev.banger.net.egress.Rule;
import dev.banger.store.LeaseRow;
import java.util.List;
import java.util.Optional;

/**
 * What is to be different about where a VM may connect to; what is empty stays.
 *
 * @param list in place of its list
 * @param add to its list
 * @param remove from its list, where they must be
 */
public record EgressWish(
    Optional<List<Rule>> list, List<Rule> add, List<Rule> remove, Optional<Egress.Mode> mode) {
  public static final EgressWish NONE =
      new EgressWish(Optional.empty(), List.of(), List.of(), Optional.empty());

  /** From words of a client, lists with commas; empty: nothing is wanted. */
  public static EgressWish parse(
      Optional<String> list, Optional<String> add, Optional<String> remove, Optional<String> mode)
      throws BangerException {
    if (list.isPresent() && (add.isPresent() || remove.isPresent())) {
      throw new BangerException(
          ErrorCode.INVALID,
          "egress rules are to be replaced, and added or removed",
          "either --egress, or --egress-add and --egress-remove");
    }
    return new EgressWish(
        list.isPresent() ? Optional.of(rules(list.get())) : Optional.empty(),
        add.isPresent() ? rules(add.get()) : List.of(),
        remove.isPresent() ? rules(remove.get()) : List.of(),
        mode.isPresent() ? Optional.of(Egress.Mode.parse(mode.get())) : Optional.empty());
  }

  private static List<Rule> rules(String list) throws BangerException {
    return Egress.parse(list, Egress.Mode.ENFORCE).rules();
  }

  public boolean isEmpty() {
    return equals(NONE);
  }

  /** Whether the list is to be another. */
  public boolean touchesList() {
    return list.isPresent() || !add.isEmpty() || !remove.isEmpty();
  }

  LeaseRow apply(LeaseRow row) throws BangerException {
    Egress before = of(row);
    Egress after =
        new Egress(list.orElse(before.rules()), mode.orElse(before.mode()))
            .removing(remove)
            .adding(add);
    return row.withEgress(after.toString(), after.mode().toString());
  }

  /** What is written down. */
  static Egress of(LeaseRow row) throws BangerException {
    return Egress.kept(row.egress(), Egress.Mode.parse(row.egressMode()));
  }
}
