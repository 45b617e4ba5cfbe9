package dev.banger.vm;

import dev.banger.store.PublicationRow;
import dev.banger.store.VmRow;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A VM as it was made, and as it is now.
 *
 * @param since when it came to be so
 * @param running what it has while it runs; differs from the row's when that was changed since
 * @param published ports of its guest on addresses of the host
 */
public record VmView(
    VmRow row,
    VmState state,
    Instant since,
    Optional<VmRow.Shape> running,
    List<PublicationRow> published) {}
