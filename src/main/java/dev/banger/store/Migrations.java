package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * Brings a file's tables to this program's version: numbered scripts, {@code PRAGMA user_version}
 * says how many have run. Before the first of them an integrity check and a copy beside the file.
 */
final class Migrations {
  private static final List<String> SCRIPTS =
      List.of(
          "001-vms-and-operations.sql",
          "002-policies-and-events.sql",
          "003-journal.sql",
          "004-publications.sql",
          "005-networks.sql",
          "006-programs.sql",
          "007-egress.sql");

  private final Path file;
  private final Connection connection;

  Migrations(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  void run() throws SQLException, IOException, BangerException {
    int version = version();
    if (version > SCRIPTS.size()) {
      throw new BangerException(
          ErrorCode.VERSION_MISMATCH,
          file
              + " was written by a newer banger (schema "
              + version
              + ", known "
              + SCRIPTS.size()
              + ")",
          "run that version, or move the file away");
    }
    if (version > 0 && version < SCRIPTS.size()) {
      checkIntegrity();
      backUp(version);
    }
    for (int next = version; next < SCRIPTS.size(); next++) {
      String script = load(SCRIPTS.get(next));
      int reached = next + 1;
      Database.transact(
          connection,
          c -> {
            try (Statement statement = c.createStatement()) {
              statement.executeUpdate(script);
              return statement.executeUpdate("PRAGMA user_version = " + reached);
            }
          });
    }
  }

  /** Changes nothing; the first write makes all that SQLite keeps beside the file. */
  void writeVersion() throws SQLException {
    int version = version();
    int _ =
        Database.transact(
            connection,
            c -> {
              try (Statement statement = c.createStatement()) {
                return statement.executeUpdate("PRAGMA user_version = " + version);
              }
            });
  }

  private int version() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA user_version")) {
      return rows.next() ? rows.getInt(1) : 0;
    }
  }

  private void checkIntegrity() throws SQLException, BangerException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("PRAGMA integrity_check(1)")) {
      String verdict = rows.next() ? rows.getString(1) : "no answer";
      if (!verdict.equals("ok")) {
        throw new BangerException(
            ErrorCode.CORRUPT, file + " is damaged: " + verdict, "restore it from a backup");
      }
    }
  }

  private void backUp(int version) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("backup to \"" + file + "." + version + ".backup\"");
    }
  }

  private static String load(String name) throws IOException {
    try (InputStream in = Migrations.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("no resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
