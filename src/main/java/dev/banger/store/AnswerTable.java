package dev.banger.store;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.net.InetAddress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The table {@code answer}. A VM's rows go with its row in {@code vm}, and the oldest when there
 * are too many. Nothing is flushed: what a crash of the host loses is asked for again.
 */
public final class AnswerTable {
  private final Database database;

  public AnswerTable(Database database) {
    this.database = database;
  }

  /** Oldest first. */
  public List<AnswerRow> of(VmId vm) throws BangerException {
    return select("WHERE vm = ? ORDER BY until", vm.value());
  }

  /** The addresses of one name. */
  public List<AnswerRow> of(VmId vm, String name) throws BangerException {
    return select("WHERE vm = ? AND name = ?", vm.value(), name);
  }

  private List<AnswerRow> select(String tail, Object... values) throws BangerException {
    return database.read(c -> {
      try (PreparedStatement s =
          c.prepareStatement("SELECT vm, address, name, until FROM answer " + tail)) {
        for (int i = 0; i < values.length; i++) {
          s.setObject(i + 1, values[i]);
        }
        List<AnswerRow> found = new ArrayList<>();
        try (ResultSet r = s.executeQuery()) {
          while (r.next()) {
            found.add(
                new AnswerRow(
                    new VmId(r.getString(1)),
                    InetAddress.ofLiteral(r.getString(2)),
                    r.getString(3),
                    Instant.ofEpochMilli(r.getLong(4))));
          }
        }
        return found;
      }
    });
  }

  /**
   * Keeps what a VM is told; what was to be relied on longer stays so.
   *
   * @param most rows of a VM; of more the oldest go
   * @return addresses of which nothing is known any more
   */
  public Set<InetAddress> keep(
      VmId vm, String name, Collection<InetAddress> addresses, Instant until, int most)
      throws BangerException {
    return database.writeUnflushed(c -> {
      try (PreparedStatement s =
          c.prepareStatement(
              "INSERT INTO answer VALUES (?, ?, ?, ?)"
                  + " ON CONFLICT DO UPDATE SET until = max(until, excluded.until)")) {
        for (InetAddress address : addresses) {
          s.setString(1, vm.value());
          s.setString(2, address.getHostAddress());
          s.setString(3, name);
          s.setLong(4, until.toEpochMilli());
          int _ = s.executeUpdate();
        }
      }
      Set<InetAddress> gone = new HashSet<>();
      for (String address : forgetOldest(c, vm, most)) {
        if (!isKnown(c, vm, address)) {
          gone.add(InetAddress.ofLiteral(address));
        }
      }
      return gone;
    });
  }

  /** What was told of a name. */
  public void forget(VmId vm, String name) throws BangerException {
    int _ =
        database.writeUnflushed(c -> {
          try (PreparedStatement s =
              c.prepareStatement("DELETE FROM answer WHERE vm = ? AND name = ?")) {
            s.setString(1, vm.value());
            s.setString(2, name);
            return s.executeUpdate();
          }
        });
  }

  private static List<String> forgetOldest(Connection c, VmId vm, int most) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement(
            "DELETE FROM answer WHERE (vm, address, name) IN (SELECT vm, address, name FROM answer"
                + " WHERE vm = ? ORDER BY until DESC LIMIT -1 OFFSET ?) RETURNING address")) {
      s.setString(1, vm.value());
      s.setInt(2, most);
      List<String> addresses = new ArrayList<>();
      try (ResultSet r = s.executeQuery()) {
        while (r.next()) {
          addresses.add(r.getString(1));
        }
      }
      return addresses;
    }
  }

  private static boolean isKnown(Connection c, VmId vm, String address) throws SQLException {
    try (PreparedStatement s =
        c.prepareStatement("SELECT 1 FROM answer WHERE vm = ? AND address = ? LIMIT 1")) {
      s.setString(1, vm.value());
      s.setString(2, address);
      try (ResultSet r = s.executeQuery()) {
        return r.next();
      }
    }
  }
}
