package dev.banger.store;

import dev.banger.journal.Entry;
import dev.banger.journal.JournalStore;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.model.BangerException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The table {@code journal}. No write waits for the disk: the loss of power ends all processes, and
 * loses nothing that is older than what was flushed last.
 */
public final class JournalTable implements JournalStore {
  private final Database database;

  public JournalTable(Database database) {
    this.database = database;
  }

  @Override
  public long begin(Step step, String operation, Instant now) throws BangerException {
    return database.writeUnflushed(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO journal(kind, owner, operands, operation, begun) VALUES (?,?,?,?,?)"
                  + " RETURNING id")) {
        s.setString(1, step.kind().name());
        s.setString(2, step.owner());
        s.setString(3, String.join("\n", step.operands()));
        s.setString(4, operation);
        s.setLong(5, now.toEpochMilli());
        try (ResultSet rows = s.executeQuery()) {
          rows.next();
          return rows.getLong(1);
        }
      }
    });
  }

  @Override
  public void done(long id) throws BangerException {
    forEach(List.of(id), "UPDATE journal SET done = 1 WHERE id = ?");
  }

  @Override
  public void attribute(Collection<Long> ids, String operation) throws BangerException {
    database.writeUnflushed(c -> {
      try (PreparedStatement s =
          c.prepareStatement("UPDATE journal SET operation = ? WHERE id = ?")) {
        s.setString(1, operation);
        return execute(s, ids, 2);
      }
    });
  }

  @Override
  public void forget(Collection<Long> ids) throws BangerException {
    forEach(ids, "DELETE FROM journal WHERE id = ?");
  }

  @Override
  public void failed(long id, String error) throws BangerException {
    database.writeUnflushed(c -> {
      try (PreparedStatement s =
          c.prepareStatement("UPDATE journal SET tries = tries + 1, error = ? WHERE id = ?")) {
        s.setString(1, error);
        return execute(s, List.of(id), 2);
      }
    });
  }

  private void forEach(Collection<Long> ids, String sql) throws BangerException {
    if (!ids.isEmpty()) {
      database.writeUnflushed(c -> {
        try (PreparedStatement s = c.prepareStatement(sql)) {
          return execute(s, ids, 1);
        }
      });
    }
  }

  private static int execute(PreparedStatement s, Collection<Long> ids, int parameter)
      throws SQLException {
    int changed = 0;
    for (long id : ids) {
      s.setLong(parameter, id);
      changed += s.executeUpdate();
    }
    return changed;
  }

  @Override
  public List<Entry> all() throws BangerException {
    return database.read(JournalTable::all);
  }

  private static List<Entry> all(Connection c) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("SELECT * FROM journal ORDER BY id");
        ResultSet rows = s.executeQuery()) {
      List<Entry> found = new ArrayList<>();
      while (rows.next()) {
        found.add(entry(rows));
      }
      return found;
    }
  }

  private static Entry entry(ResultSet r) throws SQLException {
    Step step =
        new Step(
            StepKind.valueOf(r.getString("kind")),
            r.getString("owner"),
            r.getString("operands").lines().toList());
    return new Entry(
        r.getLong("id"),
        step,
        r.getString("operation"),
        r.getInt("done") == 1,
        Instant.ofEpochMilli(r.getLong("begun")),
        r.getInt("tries"),
        r.getString("error"));
  }
}
