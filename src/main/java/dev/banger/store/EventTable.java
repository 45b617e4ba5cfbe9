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

  /**
   * Some events, and what was kept when they were read.
   *
   * @param events oldest first
   * @param position the cursor to go on from: behind it nothing that was asked for is left out
   * @param pruned, newest as {@link Window}
   */
  public record Batch(List<EventRow> events, long position, long pruned, long newest) {}

  /** Those behind the cursor, of one VM when it is given. */
  public Batch after(long cursor, Optional<VmId> vm, int most) throws BangerException {
    return database.read(c -> {
      List<EventRow> found = select(c, cursor, vm.map(VmId::value).orElse(""), most);
      Window window = window(c);
      long position = found.size() == most ? found.getLast().cursor() : window.newest();
      return new Batch(found, position, window.pruned(), window.newest());
    });
  }

  private static List<EventRow> select(Connection c, long cursor, String vm, int most)
      throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement(
            "SELECT seq, time, vm, name, kind, from_state, to_state, reason, detail FROM event"
                + " WHERE seq > ? AND (? = '' OR vm = ?) ORDER BY seq LIMIT ?")) {
      s.setLong(1, cursor);
      s.setString(2, vm);
      s.setString(3, vm);
      s.setInt(4, most);
      try (ResultSet rows = s.executeQuery()) {
        List<EventRow> found = new ArrayList<>();
        while (rows.next()) {
          found.add(row(rows));
        }
        return found;
      }
    }
  }

  /**
   * The host's end may have taken back events that were not flushed, and their cursors with them:
   * in a new boot of the host numbering goes on beyond all that can have been given out.
   */
  public void beginBoot(String bootId) throws BangerException {
    String name = "event-boot:" + bootId;
    database.write(c -> {
      if (number(c, "SELECT count(*) FROM counter WHERE name = ?", name) == 0) {
        execute(c, "DELETE FROM counter WHERE name LIKE 'event-boot:%'");
        execute(c, "INSERT INTO counter VALUES (?, 1)", name);
        execute(c, "UPDATE sqlite_sequence SET seq = seq + " + KEPT + " WHERE name = 'event'");
      }
      return name;
    });
  }

  private static void execute(Connection c, String sql, String... values) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        s.setString(i + 1, values[i]);
      }
      int _ = s.executeUpdate();
    }
  }

  /** The cursor behind which everything is that happened since then. */
  public long before(Instant time) throws BangerException {
    String since = Long.toString(time.toEpochMilli());
    return database.read(c -> {
      long first = number(c, "SELECT min(seq) FROM event WHERE time >= " + since);
      return first > 0 ? first - 1 : window(c).newest();
    });
  }

  /** The VM of the newest event with this name or id. */
  public Optional<VmId> lastKnown(String nameOrId) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "SELECT vm FROM event WHERE name = ? OR vm = ? ORDER BY seq DESC LIMIT 1")) {
        s.setString(1, nameOrId);
        s.setString(2, nameOrId);
        try (ResultSet rows = s.executeQuery()) {
          return rows.next() ? Optional.of(new VmId(rows.getString(1))) : Optional.empty();
        }
      }
    });
  }

  /** What the newest event says that the VM became; empty when none is kept. */
  public Optional<String> lastState(VmId vm) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "SELECT to_state FROM event WHERE vm = ? AND to_state <> ''"
                  + " ORDER BY seq DESC LIMIT 1")) {
        s.setString(1, vm.value());
        try (ResultSet rows = s.executeQuery()) {
          return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
        }
      }
    });
  }

  public Window window() throws BangerException {
    return database.read(EventTable::window);
  }

  private static Window window(Connection c) throws SQLException {
    long newest =
        number(c, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)");
    return new Window(number(c, "SELECT coalesce((SELECT min(seq) - 1 FROM event), 0)"), newest);
  }

  private static long number(Connection c, String sql, String... values) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        s.setString(i + 1, values[i]);
      }
      try (ResultSet rows = s.executeQuery()) {
        return rows.next() ? rows.getLong(1) : 0;
      }
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
