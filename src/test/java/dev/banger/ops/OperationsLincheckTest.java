package dev.banger.ops;

import dev.banger.model.BangerException;
import dev.banger.proof.Linearizability;
import dev.banger.store.Database;
import dev.banger.store.OperationTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A key begins one operation, whoever comes with it at the same time, and all find that one. */
@Param(name = "key", gen = IntGen.class, conf = "1:2")
@Param(name = "subject", gen = IntGen.class, conf = "1:9")
public class OperationsLincheckTest {
  private static final CountDownLatch OVER = new CountDownLatch(1);

  private final Operations operations;

  public OperationsLincheckTest() throws BangerException {
    this.operations = new Operations(new OperationTable(emptyDatabase()), Clock.systemUTC());
  }

  private static Database emptyDatabase() throws BangerException {
    try {
      Path file = Files.createTempFile("lincheck", ".db");
      file.toFile().deleteOnExit();
      return Database.open(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterAll
  static void end() {
    OVER.countDown();
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
              OVER.await();
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
    Linearizability.requireUnderLoad(OperationsLincheckTest.class, Model.class);
  }
}
