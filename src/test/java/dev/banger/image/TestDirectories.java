package dev.banger.image;

import dev.banger.model.Directories;
import dev.banger.model.Progress;
import java.nio.file.Path;

/** Directories for tests: everything temporary but the cache, so that the suite downloads once. */
public final class TestDirectories {
  /** What all tests of one JVM share: {@code -Dbanger.test.cache}. */
  public static final Path CACHE =
      Path.of(System.getProperty("banger.test.cache", "target/test-cache-1")).toAbsolutePath();

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

  /** The cache is {@link #CACHE}. */
  public static Directories withSharedCache(Path temporary) {
    return new Directories(
        temporary.resolve("data"), temporary.resolve("run"), CACHE, temporary.resolve("config"));
  }
}
