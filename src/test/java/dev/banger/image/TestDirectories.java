package dev.banger.image;

import dev.banger.model.Directories;
import dev.banger.model.Progress;
import java.nio.file.Path;

/** Directories for tests: everything temporary but the cache, so that the suite downloads once. */
public final class TestDirectories {
  /** Tells on standard error how a pull goes on. */
  public static final Progress PRINTED =
      new Progress() {
        @Override
        public void stage(String name) {
          System.err.println(java.time.Instant.now() + " " + name);
        }

        @Override
        public void bytes(long done, long total) {}
      };

  private TestDirectories() {}

  /** The cache is {@code -Dbanger.test.cache}, else {@code target/test-cache}. */
  public static Directories withSharedCache(Path temporary) {
    Path cache =
        Path.of(System.getProperty("banger.test.cache", "target/test-cache")).toAbsolutePath();
    return new Directories(
        temporary.resolve("data"), temporary.resolve("run"), cache, temporary.resolve("config"));
  }
}
