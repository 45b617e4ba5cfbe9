package dev.banger.vm;

import dev.banger.store.VmRow;
import java.util.Optional;

/**
 * A VM as it was made, and as it is now.
 *
 * @param running what it has while it runs; differs from the row's when that was changed since
 */
public record VmView(VmRow row, VmState state, Optional<VmRow.Shape> running) {
  public VmView(VmRow row, VmState state) {
    this(row, state, Optional.empty());
  }
}
