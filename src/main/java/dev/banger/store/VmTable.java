package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The table {@code vm}. */
public final class VmTable {
  private static final String COLUMNS =
      "id, name, state, ended, image, image_id, kernel, cpus, memory, disk, init_mode, one_shot, env,"
          + " owner, uid, labels, created, started, stopped";

  /** Between the variables of one row: no environment holds the record separator. */
  private static final String SEPARATOR = "\u001e";

  private final Database database;

  public VmTable(Database database) {
    this.database = database;
  }

  /** False when the name is taken; nothing is written then. */
  public boolean insert(VmRow row) throws BangerException {
    return database.write(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO vm("
                  + COLUMNS
                  + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                  + " ON CONFLICT(name) DO NOTHING")) {
        bind(s, row);
        return s.executeUpdate() == 1;
      }
    });
  }

  public void setImageAndKernel(VmId id, String imageId, String kernel) throws BangerException {
    update("UPDATE vm SET image_id = ?, kernel = ? WHERE id = ?", imageId, kernel, id.value());
  }

  public void setStarted(VmId id, Instant when) throws BangerException {
    update(
        "UPDATE vm SET state = 'running', ended = '', started = ? WHERE id = ?",
        when.toEpochMilli(),
        id.value());
  }

  /** Writes what an operation left behind, and why it ended: empty when as asked. */
  public void setState(VmId id, VmRow.State state, String ended) throws BangerException {
    update("UPDATE vm SET state = ?, ended = ? WHERE id = ?", text(state), ended, id.value());
  }

  /** It runs no longer: STOPPED or FAILED. */
  public void setEnded(VmId id, VmRow.State state, Instant when, String why)
      throws BangerException {
    update(
        "UPDATE vm SET state = ?, ended = ?, stopped = ? WHERE id = ?",
        text(state),
        why,
        when.toEpochMilli(),
        id.value());
  }

  public void rename(VmId id, VmName name) throws BangerException {
    update("UPDATE vm SET name = ? WHERE id = ?", name.value(), id.value());
  }

  public void delete(VmId id) throws BangerException {
    update("DELETE FROM vm WHERE id = ?", id.value());
  }

  /** Oldest first. */
  public List<VmRow> all() throws BangerException {
    return select("ORDER BY created, id");
  }

  public Optional<VmRow> byId(VmId id) throws BangerException {
    return select("WHERE id = ?", id.value()).stream().findFirst();
  }

  public Optional<VmRow> byName(String name) throws BangerException {
    return select("WHERE name = ?", name).stream().findFirst();
  }

  /** The next number of a counter, never given out twice, also after a crash. */
  public long next(String counter) throws BangerException {
    return database.write(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO counter VALUES (?, 1) ON CONFLICT(name) DO UPDATE SET value = value + 1"
                  + " RETURNING value")) {
        s.setString(1, counter);
        try (ResultSet rows = s.executeQuery()) {
          rows.next();
          return rows.getLong(1);
        }
      }
    });
  }

  private void update(String sql, Object... values) throws BangerException {
    database.write(c -> {
      try (PreparedStatement s = prepare(c, sql, values)) {
        return s.executeUpdate();
      }
    });
  }

  private List<VmRow> select(String tail, Object... values) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s = prepare(c, "SELECT " + COLUMNS + " FROM vm " + tail, values);
          ResultSet rows = s.executeQuery()) {
        List<VmRow> found = new ArrayList<>();
        while (rows.next()) {
          found.add(row(rows));
        }
        return found;
      }
    });
  }

  private static PreparedStatement prepare(Connection c, String sql, Object... values)
      throws SQLException {
    PreparedStatement s = c.prepareStatement(sql);
    for (int i = 0; i < values.length; i++) {
      s.setObject(i + 1, values[i]);
    }
    return s;
  }

  private static void bind(PreparedStatement s, VmRow row) throws SQLException {
    Object[] values = {
      row.id().value(),
      row.name().value(),
      text(row.state()),
      row.ended(),
      row.image(),
      row.imageId(),
      row.kernel(),
      row.cpus(),
      row.memory().bytes(),
      row.disk().bytes(),
      row.initMode(),
      row.oneShot() ? 1 : 0,
      String.join(SEPARATOR, row.env()),
      row.owner(),
      row.uid(),
      labels(row.labels()),
      row.created().toEpochMilli(),
      row.started().map(Instant::toEpochMilli).orElse(0L),
      row.stopped().map(Instant::toEpochMilli).orElse(0L)
    };
    for (int i = 0; i < values.length; i++) {
      s.setObject(i + 1, values[i]);
    }
  }

  private static VmRow row(ResultSet r) throws SQLException {
    return new VmRow(
        new VmId(r.getString("id")),
        new VmName(r.getString("name")),
        VmRow.State.valueOf(r.getString("state").toUpperCase(Locale.ROOT)),
        r.getString("ended"),
        r.getString("image"),
        r.getString("image_id"),
        r.getString("kernel"),
        r.getInt("cpus"),
        new ByteSize(r.getLong("memory")),
        new ByteSize(r.getLong("disk")),
        r.getString("init_mode"),
        r.getInt("one_shot") == 1,
        list(r.getString("env")),
        r.getString("owner"),
        r.getLong("uid"),
        labels(r.getString("labels")),
        Instant.ofEpochMilli(r.getLong("created")),
        instant(r.getLong("started")),
        instant(r.getLong("stopped")));
  }

  private static Optional<Instant> instant(long millis) {
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  private static List<String> list(String joined) {
    return joined.isEmpty() ? List.of() : List.of(joined.split(SEPARATOR));
  }

  private static String labels(Map<String, String> labels) {
    return labels.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(SEPARATOR));
  }

  private static Map<String, String> labels(String joined) {
    return list(joined).stream()
        .map(pair -> pair.split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
  }

  private static String text(VmRow.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
