package dev.banger.image;

import dev.banger.image.layer.Layer;
import dev.banger.image.layer.Reading;
import dev.banger.image.layer.Sieve;
import dev.banger.image.layer.WholeArchive;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A home directory as a tar stream that comes once, from a client. */
public final class ArchiveLayer implements Layer {
  private final AtomicReference<@Nullable WholeArchive> archive;
  private final WholeArchive whole;
  private final AtomicLong entries = new AtomicLong();

  public ArchiveLayer(InputStream archive) {
    this.whole = new WholeArchive(archive);
    this.archive = new AtomicReference<>(whole);
  }

  /** How many of its entries were taken. */
  public long entries() {
    return entries.get();
  }

  /** How much of it was read. */
  public long bytes() {
    return whole.bytes();
  }

  @Override
  public String name() {
    return "the archive";
  }

  @Override
  public Reading reading() {
    HomeSieve home = new HomeSieve();
    return new Reading(false, true, path -> counted(home.fate(path)));
  }

  private Sieve.Fate counted(Sieve.Fate fate) {
    if (fate != Sieve.Fate.LEFT_OUT) {
      entries.incrementAndGet();
    }
    return fate;
  }

  @Override
  public InputStream open() throws BangerException {
    WholeArchive once = archive.getAndSet(null);
    if (once == null) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot use this archive: a file in it is another name of one that is left out",
          "docs/images.md says what a work seed does not hold");
    }
    return once;
  }
}
