package dev.banger.ops;

import dev.banger.model.BangerException;
import dev.banger.proof.Linearizability;
import dev.banger.store.Database;
import dev.banger.store.OperationTable;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key begins one operation, whoever comes with it at the same time, and all find that one. */
@Param(name = "key", gen = IntGen.class, conf = "1:2")
@Param(name = "subject", gen = IntGen.class, conf = "1:9")
public final class OperationsLincheckTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Lincheck makes one behind the other, and ends none. */
  private static final AtomicReference<@Nullable OperationsLincheckTest> LAST =
      new AtomicReference<>();

  @TempDir static @Nullable Path directory;

  private final Database database;
  private final Operations operations;

  public OperationsLincheckTest() throws BangerException, InterruptedException {
    end();
    Path file = Objects.requireNonNull(directory).resolve(UUID.randomUUID() + ".db");
    this.database = Database.open(file);
    this.operations = new Operations(new OperationTable(database), Clock.systemUTC());
    LAST.set(this);
  }

  @AfterAll
  static void end() throws InterruptedException {
    OperationsLincheckTest last = LAST.getAndSet(null);
    if (last != null) {
      last.operations.close(LIMIT);
      last.database.close();
    }
  }

  /** The subject of the operation that this key has begun, now or before. */
  @Operation
  public String begin(@Param(name = "key") int key, @Param(name = "subject") int subject)
      throws BangerException {
    String id =
        operations.begin(
            "test",
            "s" + subject,
            Optional.of("k" + key),
            _ -> {
              new CountDownLatch(1).await();
              return "";
            });
    return operations.status(id).subject();
  }

  @Operation
  public String find(@Param(name = "key") int key) throws BangerException {
    Optional<String> id = operations.byKey("k" + key);
    return id.isEmpty() ? "" : operations.status(id.get()).subject();
  }

  @Operation
  public int count() {
    return operations.all().size();
  }

  /** For one thread. */
  public static class Model {
    private final Map<Integer, String> subjects = new TreeMap<>();

    public String begin(int key, int subject) {
      String _ = subjects.putIfAbsent(key, "s" + subject);
      return find(key);
    }

    public String find(int key) {
      return subjects.getOrDefault(key, "");
    }

    public int count() {
      return subjects.size();
    }
  }

  @Test
  void aKeyBeginsOneOperation() {
    Linearizability.requireUnderLoad(OperationsLincheckTest.class, Model.class, 30);
  }
}
