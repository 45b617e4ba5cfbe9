package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The one database file. All work is serial on one platform thread: SQLite's native code would pin
 * a virtual thread's carrier, and the tables are small.
 */
public final class Database implements AutoCloseable {
  private static final int BUSY_MILLIS = 5_000;

  /** Work with the connection; its result must not hold on to it. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  private final Path file;
  private final Connection connection;
  private final ExecutorService thread;

  private Database(Path file, Connection connection, ExecutorService thread) {
    this.file = file;
    this.connection = connection;
    this.thread = thread;
  }

  /** Opens or makes the file (mode 0600), checks it, and brings its tables up to date. */
  public static Database open(Path file) throws BangerException {
    ExecutorService thread =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().name("store").daemon(true).factory());
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Connection connection = await(thread.submit(() -> connect(file)), file);
      return new Database(file, connection, thread);
    } catch (IOException e) {
      thread.shutdown();
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot make the folder of " + file, "check its permissions", e);
    } catch (BangerException e) {
      thread.shutdown();
      throw e;
    }
  }

  private static Connection connect(Path file) throws SQLException, IOException, BangerException {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
    config.enforceForeignKeys(true);
    config.setBusyTimeout(BUSY_MILLIS);
    createPrivate(file);
    Connection connection = config.createConnection("jdbc:sqlite:" + file);
    try {
      new Migrations(file, connection).run();
      return connection;
    } catch (SQLException | IOException | BangerException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** SQLite gives its other files the rights of this one. */
  private static void createPrivate(Path file) throws IOException {
    var owner = PosixFilePermissions.fromString("rw-------");
    if (!Files.exists(file)) {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(owner));
    }
    Files.setPosixFilePermissions(file, owner);
  }

  /** Reads. */
  <T> T read(Work<T> work) throws BangerException {
    return await(thread.submit(() -> work.run(connection)), file);
  }

  /** Writes in one transaction, all of it or nothing, and flushes it with all before it. */
  <T> T write(Work<T> work) throws BangerException {
    return await(
        thread.submit(() -> {
          flush(true);
          try {
            return transact(connection, work);
          } finally {
            flush(false);
          }
        }),
        file);
  }

  /**
   * As {@link #write} without waiting for the disk: what it wrote survives this process, but not
   * the host's end, unless something is flushed before that.
   */
  <T> T writeUnflushed(Work<T> work) throws BangerException {
    return await(thread.submit(() -> transact(connection, work)), file);
  }

  private void flush(boolean each) throws SQLException {
    try (Statement s = connection.createStatement()) {
      int _ = s.executeUpdate("PRAGMA synchronous = " + (each ? "FULL" : "NORMAL"));
    }
  }

  /**
   * By statements, not by JDBC's auto-commit: that one, once a commit has failed on a full or
   * locked disk, tries to commit again at each change of its mode, and the connection is of no more
   * use.
   */
  static <T> T transact(Connection connection, Work<T> work) throws SQLException {
    execute(connection, "BEGIN IMMEDIATE");
    try {
      T result = work.run(connection);
      execute(connection, "COMMIT");
      return result;
    } catch (SQLException | RuntimeException e) {
      undo(connection, e);
      throw e;
    }
  }

  /** SQLite may have rolled back by itself, as on a full disk. */
  private static void undo(Connection connection, Exception why) {
    try {
      execute(connection, "ROLLBACK");
    } catch (SQLException e) {
      why.addSuppressed(e);
    }
  }

  private static void execute(Connection connection, String statement) throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.execute(statement);
    }
  }

  /** Waits without an end on interrupt: whether a write happened must be known. It is short. */
  private static <T> T await(Future<T> future, Path file) throws BangerException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw explain(e.getCause() == null ? e : e.getCause(), file);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  static BangerException explain(Throwable failure, Path file) {
    if (failure instanceof BangerException known) {
      return known;
    }
    SQLiteErrorCode code =
        failure instanceof SQLiteException e ? e.getResultCode() : SQLiteErrorCode.UNKNOWN_ERROR;
    return switch (code) {
      case SQLITE_FULL ->
          new BangerException(
              ErrorCode.NO_SPACE,
              "cannot write " + file,
              "free some disk space; nothing was changed",
              failure);
      case SQLITE_CORRUPT, SQLITE_NOTADB ->
          new BangerException(
              ErrorCode.CORRUPT,
              "cannot read " + file,
              "move it away; a copy from before the last upgrade may be beside it (*.backup)",
              failure);
      case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM ->
          new BangerException(
              ErrorCode.PERMISSION, "cannot write " + file, "check its permissions", failure);
      case SQLITE_BUSY, SQLITE_LOCKED ->
          new BangerException(
              ErrorCode.IN_USE, "cannot lock " + file, "another program holds it open", failure);
      default ->
          new BangerException(ErrorCode.INTERNAL, "cannot use " + file, "see the log", failure);
    };
  }

  @Override
  public void close() {
    thread.execute(() -> {
      try {
        connection.close();
      } catch (SQLException e) {
        System.getLogger("dev.banger.store")
            .log(System.Logger.Level.WARNING, "cannot close " + file, e);
      }
    });
    thread.shutdown();
    try {
      if (!thread.awaitTermination(10, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
