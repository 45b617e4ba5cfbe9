package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The table {@code event}: written with the change that it tells of, see {@link VmTable}. */
public final class EventTable {
  /** So many are kept, and a few more between two prunings. */
  public static final int KEPT = 10_000;

  private static final int PRUNED_AT_ONCE = 500;

  private final Database database;

  public EventTable(Database database) {
    this.database = database;
  }

  /**
   * What can be asked for.
   *
   * @param pruned the newest cursor whose event is gone; 0: none is
   * @param newest the newest cursor given out, whether its event is kept or not
   */
  public record Window(long pruned, long newest) {}

  /** Adds one within a transaction; returns its cursor. */
  static long insert(Connection c, EventRow event) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement(
            "INSERT INTO event(time, vm, name, kind, from_state, to_state, reason, detail)"
                + " VALUES (?,?,?,?,?,?,?,?) RETURNING seq")) {
      s.setLong(1, event.time().toEpochMilli());
      s.setString(2, event.vm().value());
      s.setString(3, event.name());
      s.setString(4, event.kind());
      s.setString(5, event.from());
      s.setString(6, event.to());
      s.setString(7, event.reason());
      s.setString(8, event.detail());
      try (ResultSet rows = s.executeQuery()) {
        rows.next();
        long cursor = rows.getLong(1);
        if (cursor % PRUNED_AT_ONCE == 0) {
          prune(c, cursor - KEPT);
        }
        return cursor;
      }
    }
  }

  private static void prune(Connection c, long until) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("DELETE FROM event WHERE seq <= ?")) {
      s.setLong(1, until);
      int _ = s.executeUpdate();
    }
  }

  /** Oldest first: those behind the cursor, of one VM when it is given. */
  public List<EventRow> after(long cursor, Optional<VmId> vm, int most) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "SELECT seq, time, vm, name, kind, from_state, to_state, reason, detail FROM event"
                  + " WHERE seq > ? AND (? = '' OR vm = ?) ORDER BY seq LIMIT ?")) {
        s.setLong(1, cursor);
        s.setString(2, vm.map(VmId::value).orElse(""));
        s.setString(3, vm.map(VmId::value).orElse(""));
        s.setInt(4, most);
        try (ResultSet rows = s.executeQuery()) {
          List<EventRow> found = new ArrayList<>();
          while (rows.next()) {
            found.add(row(rows));
          }
          return found;
        }
      }
    });
  }

  /** The cursor behind which everything is that happened since then. */
  public long before(Instant time) throws BangerException {
    return number(
        "SELECT coalesce((SELECT min(seq) - 1 FROM event WHERE time >= "
            + time.toEpochMilli()
            + "),"
            + " (SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)");
  }

  public Window window() throws BangerException {
    return database.read(c ->
        new Window(
            number(c, "SELECT coalesce((SELECT min(seq) - 1 FROM event), 0)"),
            number(
                c, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)")));
  }

  private long number(String sql) throws BangerException {
    return database.read(c -> number(c, sql));
  }

  private static long number(Connection c, String sql) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(sql);
        ResultSet rows = s.executeQuery()) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }

  private static EventRow row(ResultSet r) throws SQLException {
    return new EventRow(
        r.getLong("seq"),
        Instant.ofEpochMilli(r.getLong("time")),
        new VmId(r.getString("vm")),
        r.getString("name"),
        r.getString("kind"),
        r.getString("from_state"),
        r.getString("to_state"),
        r.getString("reason"),
        r.getString("detail"));
  }
}
