package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** The table {@code vm}. */
public final class VmTable {
  private static final List<String> COLUMNS =
      List.of(
          "id",
          "name",
          "state",
          "ended",
          "image",
          "image_id",
          "kernel",
          "cpus",
          "memory",
          "disk",
          "init_mode",
          "one_shot",
          "env",
          "owner",
          "uid",
          "labels",
          "created",
          "started",
          "stopped",
          "restart",
          "ttl",
          "expires",
          "idle_stop",
          "asked",
          "boot_id",
          "restarts",
          "restarted",
          "restart_pause",
          "restart_due");

  /** Between the variables of one row: no environment holds the record separator. */
  private static final String SEPARATOR = "\u001e";

  private final Database database;

  public VmTable(Database database) {
    this.database = database;
  }

  /** False when the name is taken; nothing is written then. Flushed with the creation's end. */
  public boolean insert(VmRow row) throws BangerException {
    return insert(row, List.of());
  }

  /** As {@link #insert(VmRow)}; the events are written with it. */
  public boolean insert(VmRow row, List<EventRow> events) throws BangerException {
    return database.writeBeginning(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO vm("
                  + String.join(", ", COLUMNS)
                  + ") VALUES ("
                  + String.join(",", Collections.nCopies(COLUMNS.size(), "?"))
                  + ") ON CONFLICT(name) DO NOTHING")) {
        bind(s, row);
        boolean done = s.executeUpdate() == 1;
        if (done) {
          insert(c, events);
        }
        return done;
      }
    });
  }

  /**
   * Changes a row, several fields at once, whole or not at all; returns it as it is then. Empty
   * when there is none. The change runs in the transaction: it must be short and must not ask this
   * room for anything.
   */
  public Optional<VmRow> update(VmId id, UnaryOperator<VmRow> change) throws BangerException {
    return update(id, change, List.of());
  }

  /** As {@link #update(VmId, UnaryOperator)}; the events are written with it. */
  public Optional<VmRow> update(VmId id, UnaryOperator<VmRow> change, List<EventRow> events)
      throws BangerException {
    return database.write(c -> {
      Optional<VmRow> before = select(c, "WHERE id = ?", id.value()).stream().findFirst();
      if (before.isEmpty()) {
        return before;
      }
      VmRow after = change.apply(before.get());
      try (PreparedStatement s =
          c.prepareStatement(
              "UPDATE vm SET " + String.join(" = ?, ", COLUMNS) + " = ? WHERE id = ?")) {
        bind(s, after);
        s.setString(COLUMNS.size() + 1, id.value());
        int _ = s.executeUpdate();
      }
      insert(c, events);
      return Optional.of(after);
    });
  }

  /** Writes events without a change of a row; not yet flushed to the disk. */
  public void note(List<EventRow> events) throws BangerException {
    database.writeUnflushed(c -> {
      insert(c, events);
      return events;
    });
  }

  private static void insert(Connection c, List<EventRow> events) throws SQLException {
    for (EventRow event : events) {
      long _ = EventTable.insert(c, event);
    }
  }

  public void setImageAndKernel(VmId id, String imageId, String kernel) throws BangerException {
    var _ =
        update(id, row -> row.withSource(new VmRow.Source(row.source().image(), imageId, kernel)));
  }

  public void delete(VmId id) throws BangerException {
    boolean _ = delete(id, List.of());
  }

  /** The events are written with it; false, and none is, when there was no such row. */
  public boolean delete(VmId id, List<EventRow> events) throws BangerException {
    return database.write(c -> {
      try (PreparedStatement s = prepare(c, "DELETE FROM vm WHERE id = ?", id.value())) {
        boolean done = s.executeUpdate() == 1;
        if (done) {
          insert(c, events);
        }
        return done;
      }
    });
  }

  /** Oldest first. */
  public List<VmRow> all() throws BangerException {
    return select("ORDER BY created, id");
  }

  public Optional<VmRow> byId(VmId id) throws BangerException {
    return select("WHERE id = ?", id.value()).stream().findFirst();
  }

  /** Those whose id begins so: at most that many. */
  public List<VmRow> byPrefix(String prefix, int most) throws BangerException {
    return select("WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT ?", prefix.length(), prefix, most);
  }

  public Optional<VmRow> byName(String name) throws BangerException {
    return select("WHERE name = ?", name).stream().findFirst();
  }

  /**
   * The next number of a counter, never given out twice, also after a crash; flushed with what is
   * written of its use.
   */
  public long next(String counter) throws BangerException {
    return database.writeBeginning(c -> {
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

  private List<VmRow> select(String tail, Object... values) throws BangerException {
    return database.read(c -> select(c, tail, values));
  }

  private static List<VmRow> select(Connection c, String tail, Object... values)
      throws SQLException {
    String sql = "SELECT " + String.join(", ", COLUMNS) + " FROM vm " + tail;
    try (PreparedStatement s = prepare(c, sql, values);
        ResultSet rows = s.executeQuery()) {
      List<VmRow> found = new ArrayList<>();
      while (rows.next()) {
        found.add(row(rows));
      }
      return found;
    }
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
    VmRow.Life life = row.life();
    VmRow.Policy policy = row.policy();
    VmRow.Restarts restarts = row.restarts();
    Object[] values = {
      row.id().value(),
      row.name().value(),
      text(row.state()),
      life.ended(),
      row.source().image(),
      row.source().imageId(),
      row.source().kernel(),
      row.shape().cpus(),
      row.shape().memory().bytes(),
      row.shape().disk().bytes(),
      row.initMode(),
      row.oneShot() ? 1 : 0,
      String.join(SEPARATOR, row.env()),
      row.owner(),
      row.uid(),
      labels(row.labels()),
      life.created().toEpochMilli(),
      millis(life.started()),
      millis(life.stopped()),
      policy.restart().toString(),
      policy.ttl().map(Duration::toMillis).orElse(0L),
      millis(policy.expires()),
      policy.idleStop().map(Duration::toMillis).orElse(0L),
      life.asked() ? 1 : 0,
      life.bootId(),
      restarts.count(),
      millis(restarts.last()),
      restarts.pause().toMillis(),
      millis(restarts.due())
    };
    for (int i = 0; i < values.length; i++) {
      s.setObject(i + 1, values[i]);
    }
  }

  private static VmRow row(ResultSet r) throws SQLException {
    return new VmRow(
        new VmId(r.getString("id")),
        new VmName(r.getString("name")),
        life(r),
        new VmRow.Source(r.getString("image"), r.getString("image_id"), r.getString("kernel")),
        new VmRow.Shape(
            r.getInt("cpus"), new ByteSize(r.getLong("memory")), new ByteSize(r.getLong("disk"))),
        policy(r),
        new VmRow.Restarts(
            r.getInt("restarts"),
            instant(r.getLong("restarted")),
            Duration.ofMillis(r.getLong("restart_pause")),
            instant(r.getLong("restart_due"))),
        r.getString("init_mode"),
        r.getInt("one_shot") == 1,
        list(r.getString("env")),
        r.getString("owner"),
        r.getLong("uid"),
        labels(r.getString("labels")));
  }

  private static VmRow.Life life(ResultSet r) throws SQLException {
    return new VmRow.Life(
        VmRow.State.valueOf(r.getString("state").toUpperCase(Locale.ROOT)),
        r.getString("ended"),
        r.getInt("asked") == 1,
        Instant.ofEpochMilli(r.getLong("created")),
        instant(r.getLong("started")),
        instant(r.getLong("stopped")),
        r.getString("boot_id"));
  }

  private static VmRow.Policy policy(ResultSet r) throws SQLException {
    try {
      return new VmRow.Policy(
          RestartPolicy.parse(r.getString("restart")),
          duration(r.getLong("ttl")),
          instant(r.getLong("expires")),
          duration(r.getLong("idle_stop")));
    } catch (BangerException e) {
      throw new SQLException("a row of vm holds what was never written: " + e.getMessage(), e);
    }
  }

  private static Optional<Duration> duration(long millis) {
    return millis == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis));
  }

  private static long millis(Optional<Instant> instant) {
    return instant.map(Instant::toEpochMilli).orElse(0L);
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
