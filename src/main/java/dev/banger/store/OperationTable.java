package dev.banger.store;

import dev.banger.model.BangerException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The table {@code operation}. */
public final class OperationTable {
  private final Database database;

  public OperationTable(Database database) {
    this.database = database;
  }

  /**
   * Writes a new row; an operation that has the same key already is returned instead. It is flushed
   * with its end.
   */
  public Optional<String> insertUnlessKeyKnown(OperationRow row) throws BangerException {
    return database.writeBeginning(c -> {
      Optional<String> known = row.key().isPresent() ? idOf(c, row.key().get()) : Optional.empty();
      if (known.isPresent()) {
        return known;
      }
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO operation(id, kind, subject, state, key, begun) VALUES (?,?,?,?,?,?)")) {
        s.setString(1, row.id());
        s.setString(2, row.kind());
        s.setString(3, row.subject());
        s.setString(4, text(row.state()));
        s.setString(5, row.key().orElse(null));
        s.setLong(6, row.begun().toEpochMilli());
        s.executeUpdate();
        return Optional.empty();
      }
    });
  }

  /** The operation that was begun with this key. */
  public Optional<String> idOf(String key) throws BangerException {
    return database.read(c -> idOf(c, key));
  }

  private static Optional<String> idOf(Connection c, String key) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("SELECT id FROM operation WHERE key = ?")) {
      s.setString(1, key);
      try (ResultSet rows = s.executeQuery()) {
        return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
      }
    }
  }

  /** Writes how it ended. */
  public void end(OperationRow row) throws BangerException {
    database.write(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "UPDATE operation SET state = ?, ended = ?, stages = ?, error_code = ?, error = ?,"
                  + " error_cause = ?, error_hint = ?, result = ? WHERE id = ?")) {
        s.setString(1, text(row.state()));
        s.setLong(2, row.ended().map(Instant::toEpochMilli).orElse(0L));
        s.setString(3, row.stages());
        s.setString(4, row.errorCode());
        s.setString(5, row.error());
        s.setString(6, row.errorCause());
        s.setString(7, row.errorHint());
        s.setString(8, row.result());
        s.setString(9, row.id());
        return s.executeUpdate();
      }
    });
  }

  /** Newest first. */
  public List<OperationRow> newest(int limit) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement("SELECT * FROM operation ORDER BY begun DESC, id LIMIT ?")) {
        s.setInt(1, limit);
        try (ResultSet rows = s.executeQuery()) {
          List<OperationRow> found = new ArrayList<>();
          while (rows.next()) {
            found.add(row(rows));
          }
          return found;
        }
      }
    });
  }

  /** Forgets what ended before {@code limit}, and all but the newest {@code keep}. */
  public void prune(Instant limit, int keep) throws BangerException {
    int _ =
        database.writeUnflushed(c -> {
          try (PreparedStatement s =
              c.prepareStatement(
                  "DELETE FROM operation WHERE state <> 'running' AND (ended < ? OR id NOT IN"
                      + " (SELECT id FROM operation ORDER BY begun DESC LIMIT ?))")) {
            s.setLong(1, limit.toEpochMilli());
            s.setInt(2, keep);
            return s.executeUpdate();
          }
        });
  }

  private static OperationRow row(ResultSet r) throws SQLException {
    long ended = r.getLong("ended");
    return new OperationRow(
        r.getString("id"),
        r.getString("kind"),
        r.getString("subject"),
        OperationRow.State.valueOf(r.getString("state").toUpperCase(Locale.ROOT)),
        Optional.ofNullable(r.getString("key")),
        Instant.ofEpochMilli(r.getLong("begun")),
        ended == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(ended)),
        r.getString("stages"),
        r.getString("error_code"),
        r.getString("error"),
        r.getString("error_cause"),
        r.getString("error_hint"),
        r.getString("result"));
  }

  private static String text(OperationRow.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
