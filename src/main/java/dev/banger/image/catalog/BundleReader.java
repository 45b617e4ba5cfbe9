package dev.banger.image.catalog;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.banger.image.disk.SparseCopy;
import dev.banger.image.layer.LayerException;
import dev.banger.image.layer.TarEntry;
import dev.banger.image.layer.TarReader;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Unpacks a bundle, and nothing but what a bundle may hold. */
public final class BundleReader {
  private static final Pattern KERNEL_FILE =
      Pattern.compile(BundleFile.KERNEL + "(?:boot-modules/)?[A-Za-z0-9_][A-Za-z0-9._+-]{0,90}");
  private static final int MOST_FILES = 5000;
  private static final int LARGEST_TEXT = 1 << 20;
  private static final long MOST_BYTES = 1L << 40;
  private static final int REGULAR = 0100000;

  /**
   * Where the files go.
   *
   * @param image does not exist
   * @param root does not exist
   * @param seed does not exist, nor need it afterwards
   * @param kernel an empty directory
   */
  public record Places(Path image, Path root, Path seed, Path kernel) {}

  private final Places places;
  private final LongConsumer progress;
  private final Set<String> seen = new HashSet<>();
  private long unpacked;

  private BundleReader(Places places, LongConsumer progress) {
    this.places = places;
    this.progress = progress;
  }

  /**
   * Unpacks all of it; INVALID when it is no bundle. A failure leaves what was written.
   *
   * @param progress told how many bytes are unpacked
   * @return whether a kernel was in it
   */
  public static boolean unpack(InputStream bundle, Places places, LongConsumer progress)
      throws BangerException, IOException {
    BundleReader reader = new BundleReader(places, progress);
    try (InputStream plain = new ZstdInputStreamNoFinalizer(bundle)) {
      TarReader tar = new TarReader(plain);
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        reader.take(entry, tar.content());
      }
    } catch (LayerException | ZstdIOException e) {
      throw invalid("its archive is damaged", e);
    }
    if (!reader.seen.contains(BundleFile.IMAGE) || !reader.seen.contains(BundleFile.ROOT)) {
      throw invalid(BundleFile.IMAGE + " and " + BundleFile.ROOT + " must be in it", null);
    }
    return reader.seen.stream().anyMatch(name -> name.startsWith(BundleFile.KERNEL));
  }

  private void take(TarEntry entry, InputStream content) throws BangerException, IOException {
    String name = new String(entry.path(), StandardCharsets.ISO_8859_1);
    String shown = name.replaceAll("[^\\x20-\\x7e]", "?");
    if (!isKnown(name) || entry.type() != REGULAR) {
      throw invalid("'" + shown + "' does not belong into a bundle", null);
    }
    if (!seen.add(name) || seen.size() > MOST_FILES) {
      throw invalid("'" + shown + "' is in it twice, or there are too many files", null);
    }
    long before = unpacked;
    boolean text = name.equals(BundleFile.IMAGE);
    if (entry.size() > (text ? LARGEST_TEXT : MOST_BYTES - before)) {
      throw invalid("'" + shown + "' is too large", null);
    }
    Path target = target(name);
    Files.createDirectories(target.resolveSibling("."));
    SparseCopy.fill(
        content,
        target,
        written -> {
          unpacked = before + written;
          progress.accept(unpacked);
        });
  }

  private static boolean isKnown(String name) {
    return !name.equals(BundleFile.KERNEL + "boot-modules") && hasPlace(name);
  }

  private static boolean hasPlace(String name) {
    return name.equals(BundleFile.IMAGE)
        || name.equals(BundleFile.ROOT)
        || name.equals(BundleFile.SEED)
        || KERNEL_FILE.matcher(name).matches();
  }

  private Path target(String name) {
    return switch (name) {
      case BundleFile.IMAGE -> places.image();
      case BundleFile.ROOT -> places.root();
      case BundleFile.SEED -> places.seed();
      default -> places.kernel().resolve(name.substring(BundleFile.KERNEL.length()));
    };
  }

  private static BangerException invalid(String why, @Nullable Exception cause) {
    return new BangerException(
        ErrorCode.INVALID,
        "cannot use this bundle: " + why,
        "ask whoever made it for another; `banger image bundle` makes them",
        cause);
  }
}
