package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The tables {@code lease}, {@code network} and {@code named_network}. A lease goes with its VM's
 * row. Nothing is flushed by itself: a start's last write flushes all before it.
 */
public final class LeaseTable {
  private static final String COLUMNS = "vm, slot, tap, nat, network, egress, egress_mode";

  private static final String BRIDGE = "made:";

  private final Database database;

  public LeaseTable(Database database) {
    this.database = database;
  }

  /**
   * Gives a VM a slot: this one, or the next that is free behind the one given last. Empty when it
   * is taken, or all are. The cost does not grow with the number of VMs while slots are free.
   *
   * @param row of the VM; its slot does not count
   * @param first of the slots, of which there are {@code count}
   */
  public Optional<LeaseRow> take(LeaseRow row, OptionalInt wanted, int first, int count)
      throws BangerException {
    return database.writeUnflushed(c -> {
      int tries = wanted.isPresent() ? 1 : count;
      int slot = wanted.orElse(0);
      int next = Integer.parseInt(value(c, "next").orElse("0"));
      for (int tried = 0; tried < tries; tried++) {
        if (wanted.isEmpty()) {
          slot = first + next % count;
          next = (next + 1) % count;
        }
        LeaseRow candidate = row.withSlot(slot);
        if (insert(c, candidate)) {
          if (wanted.isEmpty()) {
            write(c, "next", Integer.toString(next));
          }
          return Optional.of(candidate);
        }
      }
      return Optional.<LeaseRow>empty();
    });
  }

  private static boolean insert(Connection c, LeaseRow row) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement(
            "INSERT INTO lease(" + COLUMNS + ") VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING")) {
      s.setString(1, row.vm().value());
      s.setInt(2, row.slot());
      s.setString(3, row.tap());
      s.setInt(4, row.nat() ? 1 : 0);
      s.setString(5, row.network());
      s.setString(6, row.egress());
      s.setString(7, row.egressMode());
      return s.executeUpdate() == 1;
    }
  }

  /** Everything but its slot. */
  public void update(LeaseRow row) throws BangerException {
    int _ =
        database.writeUnflushed(c -> {
          try (PreparedStatement s =
              c.prepareStatement(
                  "UPDATE lease SET tap = ?, nat = ?, network = ?, egress = ?, egress_mode = ?"
                      + " WHERE vm = ?")) {
            s.setString(1, row.tap());
            s.setInt(2, row.nat() ? 1 : 0);
            s.setString(3, row.network());
            s.setString(4, row.egress());
            s.setString(5, row.egressMode());
            s.setString(6, row.vm().value());
            return s.executeUpdate();
          }
        });
  }

  public Optional<LeaseRow> of(VmId vm) throws BangerException {
    return select("WHERE vm = ?", vm.value()).stream().findFirst();
  }

  public Optional<LeaseRow> ofSlot(int slot) throws BangerException {
    return select("WHERE slot = ?", slot).stream().findFirst();
  }

  /** Those whose VM has a network device now. */
  public List<LeaseRow> plugged() throws BangerException {
    return select("WHERE tap <> ''");
  }

  /** Whether no VM has an address. */
  public boolean isEmpty() throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s = c.prepareStatement("SELECT 1 FROM lease LIMIT 1");
          ResultSet rows = s.executeQuery()) {
        return !rows.next();
      }
    });
  }

  /**
   * Gives each VM whose slot is none of these one of them, or, when all are taken, none. Returns
   * those VMs as they were.
   */
  public List<LeaseRow> moveInto(int first, int count) throws BangerException {
    List<LeaseRow> outside = select("WHERE slot < ? OR slot >= ?", first, first + count);
    for (LeaseRow row : outside) {
      int _ =
          database.writeUnflushed(c -> {
            try (PreparedStatement s = c.prepareStatement("DELETE FROM lease WHERE vm = ?")) {
              s.setString(1, row.vm().value());
              return s.executeUpdate();
            }
          });
      Optional<LeaseRow> _ = take(row, OptionalInt.empty(), first, count);
    }
    return outside;
  }

  /** Those that belong to a named network, by its name. */
  public List<LeaseRow> members() throws BangerException {
    return select("WHERE network <> '' ORDER BY network, slot");
  }

  private List<LeaseRow> select(String tail, Object... values) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s = c.prepareStatement("SELECT " + COLUMNS + " FROM lease " + tail)) {
        for (int i = 0; i < values.length; i++) {
          s.setObject(i + 1, values[i]);
        }
        List<LeaseRow> found = new ArrayList<>();
        try (ResultSet r = s.executeQuery()) {
          while (r.next()) {
            found.add(
                new LeaseRow(
                    new VmId(r.getString(1)),
                    r.getInt(2),
                    r.getString(3),
                    r.getInt(4) == 1,
                    r.getString(5),
                    r.getString(6),
                    r.getString(7)));
          }
        }
        return found;
      }
    });
  }

  /** Bridges that are or were on the host, also half made. */
  public List<String> bridges() throws BangerException {
    return decisions(BRIDGE).keySet().stream()
        .map(name -> name.substring(BRIDGE.length()))
        .toList();
  }

  /** To be written before it is made. */
  public void addBridge(String name) throws BangerException {
    decide(BRIDGE + name, "");
  }

  public void forgetBridge(String name) throws BangerException {
    forget(BRIDGE + name);
  }

  /** What was decided once: {@code bridge}, {@code addresses}. */
  public Optional<String> decision(String name) throws BangerException {
    return database.read(c -> value(c, name));
  }

  /** All whose name begins so. */
  public Map<String, String> decisions(String prefix) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "SELECT name, value FROM network WHERE substr(name, 1, ?) = ? ORDER BY name")) {
        s.setInt(1, prefix.length());
        s.setString(2, prefix);
        Map<String, String> found = new TreeMap<>();
        try (ResultSet rows = s.executeQuery()) {
          while (rows.next()) {
            found.put(rows.getString(1), rows.getString(2));
          }
        }
        return found;
      }
    });
  }

  public void decide(String name, String value) throws BangerException {
    boolean _ = database.writeUnflushed(c -> write(c, name, value));
  }

  public void forget(String name) throws BangerException {
    int _ =
        database.writeUnflushed(c -> {
          try (PreparedStatement s = c.prepareStatement("DELETE FROM network WHERE name = ?")) {
            s.setString(1, name);
            return s.executeUpdate();
          }
        });
  }

  private static Optional<String> value(Connection c, String name) throws SQLException {
    try (PreparedStatement s = c.prepareStatement("SELECT value FROM network WHERE name = ?")) {
      s.setString(1, name);
      try (ResultSet rows = s.executeQuery()) {
        return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
      }
    }
  }

  private static boolean write(Connection c, String name, String value) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement(
            "INSERT INTO network VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value")) {
      s.setString(1, name);
      s.setString(2, value);
      return s.executeUpdate() == 1;
    }
  }

  /** The number of a named network, which it keeps. */
  public int number(String network) throws BangerException {
    return database.writeUnflushed(c -> {
      String select = "SELECT number FROM named_network WHERE name = ?";
      int known = number(c, select, network);
      return known > 0
          ? known
          : number(c, "INSERT INTO named_network(name) VALUES (?) RETURNING number", network);
    });
  }

  /** 0: there is none. */
  private static int number(Connection c, String sql, String network) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(sql)) {
      s.setString(1, network);
      try (ResultSet rows = s.executeQuery()) {
        return rows.next() ? rows.getInt(1) : 0;
      }
    }
  }
}
