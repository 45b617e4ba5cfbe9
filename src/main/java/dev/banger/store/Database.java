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
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The one database file. All work is serial on one platform thread: SQLite's native code would pin
 * a virtual thread's carrier, and the tables are small. A full disk refuses what is begun; what is
 * ended or removed is written into a reserve of room (docs/adr/0008).
 */
public final class Database implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Database.class);
  private static final int BUSY_MILLIS = 5_000;
  private static final int RESERVE_SECONDS = 1;
  private static final int ROOM_TO_OPEN = 128 << 10;

  /**
   * File systems on which even what is there already is written to new blocks. A full one kills who
   * writes to a mapped file, so SQLite maps none there: nobody else can open the database then.
   */
  private static final Set<String> NEVER_IN_PLACE = Set.of("btrfs", "zfs", "bcachefs");

  /** Work with the connection; its result must not hold on to it. */
  @FunctionalInterface
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  private final Path file;
  private final Connection connection;
  private final Reserve reserve;
  private final ScheduledExecutorService thread;

  private Database(
      Path file, Connection connection, Reserve reserve, ScheduledExecutorService thread) {
    this.file = file;
    this.connection = connection;
    this.reserve = reserve;
    this.thread = thread;
  }

  /** Opens or makes the file (mode 0600), checks it, and brings its tables up to date. */
  public static Database open(Path file) throws BangerException {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("store").daemon(true).factory());
    try {
      Files.createDirectories(directory(file));
      Reserve reserve = Reserve.of(file);
      Connection connection = await(thread.submit(() -> connect(file, reserve)), file);
      var _ =
          thread.scheduleWithFixedDelay(reserve::takeBack, 0, RESERVE_SECONDS, TimeUnit.SECONDS);
      return new Database(file, connection, reserve, thread);
    } catch (IOException e) {
      thread.shutdown();
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot make the folder of " + file, "check its permissions", e);
    } catch (BangerException e) {
      thread.shutdown();
      throw e;
    }
  }

  /**
   * With room for SQLite's map of the log, which is a sparse file in memory: a process that writes
   * to it when the disk is full is killed (SIGBUS). It is filled here, and stays as large.
   */
  private static Connection connect(Path file, Reserve reserve)
      throws SQLException, IOException, BangerException {
    if (!reserve.makeRoom(ROOM_TO_OPEN)) {
      throw full(file, new IOException("less than " + ROOM_TO_OPEN + " bytes are free"));
    }
    return connect(file);
  }

  private static Connection connect(Path file) throws SQLException, IOException, BangerException {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
    config.enforceForeignKeys(true);
    config.setBusyTimeout(BUSY_MILLIS);
    if (NEVER_IN_PLACE.contains(Files.getFileStore(directory(file)).type())) {
      config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
    }
    createPrivate(file);
    Connection connection = config.createConnection("jdbc:sqlite:" + file);
    try {
      Migrations migrations = new Migrations(file, connection);
      migrations.run();
      migrations.writeVersion();
      return connection;
    } catch (SQLException | IOException | BangerException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static Path directory(Path file) {
    return file.toAbsolutePath().resolveSibling(".").normalize();
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
            return transact(work);
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
    return await(thread.submit(() -> transact(work)), file);
  }

  /**
   * As {@link #writeUnflushed}, for the first that is written of something new: a full disk refuses
   * it, and the reserve stays for the ends of what was begun before.
   */
  <T> T writeBeginning(Work<T> work) throws BangerException {
    return await(thread.submit(() -> transact(connection, work)), file);
  }

  /** On a full disk as often as there is room to be made. */
  private <T> T transact(Work<T> work) throws SQLException {
    for (int tries = 0; ; tries++) {
      try {
        T result = transact(connection, work);
        if (!reserve.isWhole()) {
          emptyLog(); // or it would grow into what is given up for the tables
        }
        return result;
      } catch (SQLException e) {
        if (!isFull(e) || (tries > 0 && !reserve.giveUp())) {
          throw e;
        }
        emptyLog();
      }
    }
  }

  /** What it holds goes into the tables, and its room is used again. */
  private void emptyLog() {
    try {
      execute(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    } catch (SQLException e) {
      LOG.debug("the log of {} cannot begin anew", file, e);
    }
  }

  private static boolean isFull(SQLException failure) {
    return failure instanceof SQLiteException e && e.getResultCode() == SQLiteErrorCode.SQLITE_FULL;
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
      case SQLITE_FULL, SQLITE_IOERR_SHMSIZE -> full(file, failure);
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

  private static BangerException full(Path file, Throwable cause) {
    return new BangerException(
        ErrorCode.NO_SPACE,
        "cannot write " + file,
        "free some disk space; nothing was changed",
        cause);
  }

  @Override
  public void close() {
    thread.execute(() -> {
      try {
        connection.close();
      } catch (SQLException e) {
        LOG.warn("cannot close " + file, e);
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
